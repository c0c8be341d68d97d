import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileTransform } from '../../src/transform/load/compile.js';
import { importTransform } from '../../src/transform/load/load.js';
import { runKd } from '../support/kd.js';
import { moduleFile } from './support.js';

const NEVER = `await new Promise(() => undefined);\nexport default (value: any) => value;`;

test('a top level that never settles fails the load by its limit, with what to look for', async () => {
  const file = moduleFile(NEVER);
  const compiled = await compileTransform(file.path);
  await assert.rejects(
    importTransform(compiled.url(), file.path, 50),
    (error: { code?: string; message: string; remedy?: string }) =>
      error.code === 'TRANSFORM_LOAD' &&
      /transform\.ts: its top level did not finish within 50 ms/.test(error.message) &&
      /`await` outside of any function/.test(error.remedy ?? ''),
  );
  await compiled.remove();
  file.remove();
});

test('validate says so too, with exit 2, instead of ending in silence', async () => {
  const file = moduleFile(NEVER);
  writeFileSync(
    join(file.folder, 'kd.yml'),
    `kafka:
  bootstrap-servers: localhost:9
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
dispatcher: { transform: ./transform.ts, input: { format: raw } }
`,
  );
  const result = await runKd(['validate'], { cwd: file.folder, timeoutMs: 30_000 });
  assert.equal(result.code, 2, result.stderr);
  assert.match(result.stdout + result.stderr, /its top level did not finish within 10000 ms/);
  file.remove();
});
