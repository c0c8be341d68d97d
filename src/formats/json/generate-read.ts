import type { LeafReader } from './read-leaf.js';
import type { RowText } from './row-text.js';
import { Kind, PATH_CELLS, PathCell } from './scanner-layout.js';
import type { Group, Shape } from './shape.js';

export type ReadShape = (row: RowText, values: unknown[], leaves: LeafReader) => unknown;

/**
 * Writes the reader of a shape as one object literal and compiles it, so that its objects have one hidden
 * class.
 */
export function generateRead(shape: Shape): ReadShape {
  const source =
    `"use strict"; return (row, values, leaves) => {\n` +
    `const { cells, at, numbers, firstNumber, text } = row, shift = 1 - row.start;\n` +
    `return ${literal(shape.root)};\n}`;
  // Safe: the only parts of records in the source are keys, and none that could end a string literal.
  return (new Function(source) as () => ReadShape)();
}

function literal(group: Group): string {
  const members = group.members.map((member) => {
    const value = 'members' in member ? literal(member) : leafSource(member.leaf);
    return `${JSON.stringify(member.key)}: ${value}`;
  });
  return `{ ${members.join(',\n')} }`;
}

function leafSource(leaf: number): string {
  const at = leaf * PATH_CELLS;
  const cell = (of: number) => `cells[at + ${at + of}]`;
  const isText = `${cell(PathCell.kind)} === ${Kind.string}`;
  const text = `text.substring(${cell(PathCell.start)} + shift, ${cell(PathCell.end)} + shift - 2)`;
  const isNumber = `${cell(PathCell.kind)} === ${Kind.number}`;
  const other = `leaves.read(${leaf}, at + ${at})`;
  return `values[${leaf}] = ${isText} ? ${text} : ${isNumber} ? numbers[firstNumber + ${leaf}] : ${other}`;
}
