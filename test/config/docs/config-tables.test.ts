import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { environmentName } from '../../../src/config/keys/schema.js';
import { LOG_AREAS } from '../../../src/core/log/areas.js';
import { javaTable, keyTable } from './config-tables.js';

/** Compares the text between two marks of a page. `UPDATE_DOCS=1` writes it instead. */
function assertDocumented(mark: string, wanted: string, page = 'CONFIG.md'): void {
  const file = fileURLToPath(new URL(`../../../../docs/${page}`, import.meta.url));
  const parts = readFileSync(file, 'utf8').split(`<!-- ${mark} -->`);
  if (process.env['UPDATE_DOCS'] === '1') {
    parts[1] = `\n${wanted}\n`;
    writeFileSync(file, parts.join(`<!-- ${mark} -->`));
  }
  assert.equal(parts[1]?.trim(), wanted, 'run UPDATE_DOCS=1 npm test -- config/docs');
}

test('the table of Java names in docs/CONFIG.md matches the translation', () => {
  assertDocumented('java', javaTable());
});

test('the table of areas in docs/LOGS.md is that of the program', () => {
  const rows = Object.entries(LOG_AREAS).map(([area, doc]) => `| \`${area}\` | ${doc} |`);
  assertDocumented('areas', ['| area | its lines are about |', '|---|---|', ...rows].join('\n'), 'LOGS.md');
});

test('the table of keys in docs/CONFIG.md matches the schema', () => {
  assertDocumented('keys', keyTable());
  assert.equal(environmentName('dispatcher.batch.bytes-max'), 'KD_DISPATCHER_BATCH_BYTES_MAX');
});
