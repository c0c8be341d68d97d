/** Builds elements. Text from records and brokers becomes text nodes, never markup. */
import { visible } from '../src/core/visible.js';

export type Child = Node | string | number | null;

const SVG = 'http://www.w3.org/2000/svg';
const TEXT_LENGTH_MAX = 2000;

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  for (const child of children)
    if (child !== null) element.append(child instanceof Node ? child : text(child));
  return element;
}

export function svg(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Node[]
): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Characters that reverse or hide others are shown as escapes. */
export function text(value: string | number): string {
  const all = visible(String(value));
  return all.length > TEXT_LENGTH_MAX ? `${all.slice(0, TEXT_LENGTH_MAX)}…` : all;
}

/** Replaces the text only if it differs: screen readers announce changes. */
export function setText(id: string, value: string): void {
  const [element, shown] = [byId(id), text(value)];
  if (element.textContent !== shown) element.textContent = shown;
}

export interface Column {
  readonly title: string;
  readonly numeric?: boolean;
  readonly className?: string;
}

export function head(
  columns: readonly Column[],
  cell: (column: Column, index: number) => Child,
): HTMLElement {
  const cells = columns.map((column, index) => {
    const className = [column.numeric === true ? 'n' : '', column.className ?? ''].join(' ').trim();
    return make(
      'th',
      { scope: 'col', ...(className === '' ? {} : { class: className }) },
      cell(column, index),
    );
  });
  return make('thead', {}, make('tr', {}, ...cells));
}

export function titleOf({ title }: Column): string {
  return title;
}

/** A table with a heading row, or a sentence when it has no rows. */
export function fill(
  id: string,
  columns: readonly Column[],
  rows: readonly HTMLTableRowElement[],
  nothing: string,
): void {
  const table = byId(id);
  if (rows.length > 0) table.replaceChildren(head(columns, titleOf), make('tbody', {}, ...rows));
  else table.replaceChildren(make('tbody', {}, make('tr', {}, make('td', { class: 'empty' }, nothing))));
}
