// Writes src/kafka/properties/librdkafka-properties.ts from the CONFIGURATION.md of the librdkafka that
// node-rdkafka ships. Run it after an upgrade of node-rdkafka: node scripts/librdkafka-properties.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const source = new URL('../node_modules/node-rdkafka/deps/librdkafka/CONFIGURATION.md', import.meta.url);
const target = new URL('../src/kafka/properties/librdkafka-properties.ts', import.meta.url);
const version = JSON.parse(
  readFileSync(new URL('../node_modules/node-rdkafka/package.json', import.meta.url), 'utf8'),
).librdkafka;

const rows = new Map();
for (const line of readFileSync(source, 'utf8').split('\n')) {
  const cells = line.split(/ \| | \|$/).map((cell) => cell.trim());
  if (!/^[a-z][a-z0-9_.]+$/.test(cells[0] ?? '') || cells.length < 6 || rows.has(cells[0])) continue;
  const [name, scope, range, , , ...rest] = cells;
  const description = rest.join(' | ');
  const type = /\*Type: ([^*]+)\*/.exec(description)?.[1]?.trim() ?? 'string';
  const alias = /Alias for `([^`]+)`/.exec(description)?.[1];
  rows.set(name, {
    name,
    scope: { C: 'C', P: 'P' }[scope] ?? '*',
    type: kindOf(type),
    range: ['integer', 'float', 'enum value'].includes(type) ? range : '',
    alias,
  });
}

function kindOf(type) {
  if (type === 'boolean' || type === 'integer' || type === 'float') return type;
  if (type === 'enum value') return 'enum';
  return type === 'see dedicated API' || type === 'pointer' ? 'callback' : 'string';
}

const body = [...rows.values()].map((row) => {
  const tail = row.alias === undefined ? (row.range === '' ? [] : [row.range]) : [row.range, row.alias];
  return `  [${[row.name, row.scope, row.type, ...tail].map((text) => `'${text}'`).join(', ')}],`;
});
writeFileSync(
  target,
  `/**
 * Every property of librdkafka ${version}. Written by scripts/librdkafka-properties.mjs from its
 * CONFIGURATION.md: do not edit.
 */

/**
 * Name, C(onsumer) | P(roducer) | * both, type, range or choices, canonical name when this one is an alias.
 */
export type LibrdkafkaRow = readonly [
  name: string,
  scope: 'C' | 'P' | '*',
  type: 'string' | 'integer' | 'float' | 'boolean' | 'enum' | 'callback',
  range?: string,
  alias?: string,
];

export const LIBRDKAFKA_VERSION = '${version}';

// biome-ignore format: a generated table, one property a line
export const LIBRDKAFKA_ROWS: readonly LibrdkafkaRow[] = [
${body.join('\n')}
];
`,
);
process.stdout.write(`${rows.size} properties\n`);
