import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { compileTransform } from '../../src/transform/load/compile.js';
import { importTransform, setupError } from '../../src/transform/load/load.js';
import { refuseThrown } from '../../src/transform/results/rejected.js';
import { moduleFile } from './support.js';

async function failureOfSetup(text: string): Promise<ReturnType<typeof setupError>> {
  const file = moduleFile(text);
  const compiled = await compileTransform(file.path);
  try {
    const loaded = await importTransform(compiled.url(), file.path);
    await loaded.setup?.({});
  } catch (error) {
    return setupError(file.path, error);
  } finally {
    await compiled.remove();
    file.remove();
  }
  throw new Error('setup did not fail');
}

const definition = (setup: string): string =>
  `export default {\n  transform: (value: unknown) => value,\n  async setup() {\n    ${setup}\n  },\n};\n`;

test('an error in setup names file and line', async () => {
  const error = await failureOfSetup(definition(`throw new Error('no airports');`));
  assert.equal(error.code, 'TRANSFORM_LOAD');
  assert.match(error.message, /setup failed: Error: no airports \(\/.*transform\.ts:4:11\)$/);
});

test(
  'a service that setup can\'t reach ends with exit 3, and the message includes the cause of "fetch ' +
    'failed"',
  async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const error = await failureOfSetup(definition(`await fetch('http://127.0.0.1:${port}/');`));
    assert.deepEqual([error.code, error.exitCode, error.retryable], ['SETUP_UNREACHABLE', 3, true]);
    assert.match(error.message, new RegExp(`fetch failed \\(ECONNREFUSED 127\\.0\\.0\\.1:${port}\\)`));
    const direct = Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' });
    assert.equal(setupError('t.ts', direct).exitCode, 3);
    const other = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    assert.equal(setupError('t.ts', other).exitCode, 2);
  },
);

test('a rejected record whose cause is a network error names code, host and port', () => {
  const cause = Object.assign(new Error(''), { code: 'ECONNREFUSED', address: '10.0.0.1', port: 5432 });
  const { rejection } = refuseThrown('transform', new TypeError('fetch failed', { cause }));
  assert.equal(rejection.message, 'fetch failed (ECONNREFUSED 10.0.0.1:5432)');
  const none = Object.assign(new Error('x'), { code: 'ENOTFOUND', hostname: 'db.example' });
  assert.equal(
    refuseThrown('transform', new Error('query failed', { cause: none })).rejection.message,
    'query failed (ENOTFOUND db.example)',
  );
  assert.equal(refuseThrown('transform', new Error('plain', { cause: 1 })).rejection.message, 'plain');
});

test('columns of the first line are right where the module uses import.meta.url', async () => {
  const line = `export const here = import.meta.url; throw new Error('first');`;
  const file = moduleFile(`${line}\n`);
  const compiled = await compileTransform(file.path);
  await assert.rejects(importTransform(compiled.url(), file.path), (error: Error) =>
    error.message.endsWith(`transform.ts:1:${line.indexOf('new Error') + 1})`),
  );
  await compiled.remove();
  file.remove();
});
