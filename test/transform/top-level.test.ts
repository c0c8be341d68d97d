import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspectTransform } from '../../src/adapters/pool/inspect-transform.js';
import { compileTransform } from '../../src/transform/load/compile.js';
import { importTransform } from '../../src/transform/load/load.js';
import { runKd, spawnKd } from '../support/kd.js';
import { moduleFile } from './support.js';

const NEVER = `await new Promise(() => undefined);\nexport default (value: any) => value;`;

const CONFIGURATION = `kafka:
  bootstrap-servers: localhost:9
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
dispatcher: { transform: ./transform.ts, input: { format: raw } }
`;

/** A folder with a job. */
function jobFolder(transform: string): ReturnType<typeof moduleFile> {
  const file = moduleFile(transform);
  writeFileSync(join(file.folder, 'kd.yml'), CONFIGURATION);
  return file;
}

test('a top level that never settles fails the load after its limit, with a remedy', async () => {
  const file = moduleFile(NEVER);
  const compiled = await compileTransform(file.path);
  await assert.rejects(
    importTransform(compiled.url(), file.path, 50),
    (error: { code?: string; message: string; remedy?: string }) =>
      error.code === 'TRANSFORM_LOAD' &&
      /transform\.ts: its top level did not finish within 50 ms/.test(error.message) &&
      /`await` outside any function/.test(error.remedy ?? ''),
  );
  await compiled.remove();
  file.remove();
});

test('validate reports such a top level with exit 2, as text and as JSON, and is not silent', async () => {
  const file = jobFolder(NEVER);
  const options = { cwd: file.folder, timeoutMs: 30_000 };
  const [text, json] = await Promise.all([
    runKd(['validate'], options),
    runKd(['validate', '-o', 'json'], options),
  ]);
  assert.equal(text.code, 2, text.stderr);
  assert.match(text.stdout, /transform\.ts: its top level did not finish within 10000 ms/);
  assert.equal(json.code, 2, json.stderr);
  const { ok, problems } = JSON.parse(json.stdout) as {
    ok: boolean;
    problems: { key: string; message: string; origin: { line: number } }[];
  };
  assert.equal(ok, false);
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.key, 'dispatcher.transform');
  assert.match(problems[0].message, /transform\.ts: its top level did not finish within 10000 ms/);
  file.remove();
});

test("a stop signal ends validate immediately while the transform's top level waits or loops", async () => {
  for (const transform of [NEVER, 'for (;;); export default () => 1;']) {
    const file = jobFolder(`process.stderr.write('loading\\n');\n${transform}`);
    const kd = spawnKd(['validate'], { cwd: file.folder });
    if (transform === NEVER) await kd.waitFor(/loading/);
    else await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = performance.now();
    kd.kill('SIGTERM');
    const { signal } = await kd.ended;
    assert.equal(signal, 'SIGTERM');
    assert.ok(performance.now() - before < 2000);
    file.remove();
  }
});

test('a top level that blocks, exits the process or throws later is a problem of that file', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'for (;;); export default () => 1;',
      /transform\.ts: its top level did not finish within 1500 ms: it blocks/,
    ],
    [
      'process.exit(0); export default () => 1;',
      /transform\.ts: its top level exited the process \(exit code 0\)/,
    ],
    [
      `setTimeout(() => { throw new Error('late'); }); ${NEVER}`,
      /transform\.ts: failed while it was loaded: Error: late/,
    ],
    [
      `Promise.reject(new Error('late')); export default () => 1;`,
      /transform\.ts: failed while it was loaded: Error: late/,
    ],
  ];
  for (const [text, expected] of cases) {
    const file = moduleFile(text);
    await assert.rejects(
      inspectTransform(file.path, 1500),
      (error: { code?: string; message: string }) =>
        error.code === 'TRANSFORM_LOAD' && expected.test(error.message),
      text,
    );
    file.remove();
  }
});

test('validate of a transform that exits the process fails', async () => {
  const file = jobFolder('process.exit(0); export default (value: any) => value;');
  const result = await runKd(['validate'], { cwd: file.folder });
  assert.equal(result.code, 2, result.stdout);
  assert.match(result.stdout, /transform\.ts: its top level exited the process/);
  file.remove();
});

test('everything that a top level prints appears on standard error', async () => {
  const file = jobFolder(`console.log('first'); console.log('second'); export default () => 1;`);
  const result = await runKd(['validate'], { cwd: file.folder });
  assert.equal(result.code, 0, result.stdout);
  assert.match(result.stderr, /first\nsecond\n/);
  file.remove();
});
