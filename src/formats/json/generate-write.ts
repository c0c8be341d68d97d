import type { Group, Shape } from './shape.js';
import type { SourceRecord } from './source-record.js';
import type { LeafWriter } from './write-leaf.js';

/** Writes a value's leaves; false: it has other keys, or a leaf that needs a closer look. */
export type WriteShape = (value: unknown, values: SourceRecord['values'], writer: LeafWriter) => boolean;

/** Compares each leaf with the one that was read, so that only changed ones are written. */
export function generateWrite(shape: Shape): WriteShape {
  const keys: (readonly string[])[] = [];
  const body = `let x;\n${groupSource(shape.root, keys)}return true;\n`;
  const source = `"use strict"; return (o0, values, writer) => {\n${body}}`;
  // Safe: the only parts of records in the source are keys, and none that could end a string literal.
  return (new Function('keys', 'hasKeys', source) as (...given: unknown[]) => WriteShape)(keys, hasKeys);
}

function groupSource(group: Group, keys: (readonly string[])[]): string {
  const number = keys.push(group.members.map(({ key }) => key)) - 1;
  const lines = [`if (!hasKeys(o${number}, keys[${number}])) return false;\n`];
  for (const member of group.members) {
    const value = `o${number}[${JSON.stringify(member.key)}]`;
    if ('members' in member) {
      lines.push(`const o${keys.length} = ${value};\n`, groupSource(member, keys));
      continue;
    }
    const { leaf } = member;
    // A value that is not an object can't have changed in place.
    lines.push(
      `x = ${value};\n`,
      `if ((x !== values[${leaf}] || (typeof x === 'object' && x !== null)) && !writer.write(${leaf}, x))\n`,
      `  return false;\n`,
    );
  }
  return lines.join('');
}

/**
 * A plain object with exactly these keys, in this order, that JSON.stringify would write member by member.
 */
function hasKeys(value: unknown, keys: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false;
  let found = 0;
  // Includes inherited keys, in case someone has added to Object.prototype.
  for (const key in value) {
    if (key !== keys[found]) return false;
    found += 1;
  }
  return found === keys.length && !('toJSON' in value);
}
