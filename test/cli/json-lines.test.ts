/** With `logging.format: json`, standard error contains JSON lines and nothing else. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runKd } from '../support/kd.js';

interface Line {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

function linesOf(stderr: string): readonly Line[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => {
      try {
        return JSON.parse(line) as Line;
      } catch {
        throw new assert.AssertionError({ message: `no JSON: ${line}\namong:\n${stderr}` });
      }
    });
}

const TALKATIVE = `
import { defineTransform, drop } from 'kafka-dispatcher';
console.log('from the top level');
let said = false;
export default defineTransform({
  transform() {
    if (!said) {
      console.error('from a record\\nin two lines');
      console.error(new TypeError('an error that was caught'));
      console.log(JSON.stringify({ level: 'error', message: 'of another logger', n: 1 }));
      process.emitWarning('a warning of a worker', 'OddWarning');
      process.emitWarning('old', 'DeprecationWarning', 'DEP9999');
      process.stdout.write('to standard output\\n');
    }
    said = true;
    return drop('test');
  },
});
`;

test('progress and the output of a transform are JSON lines in the log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kd-json-'));
  writeFileSync(join(folder, 'talk.ts'), TALKATIVE);
  const set = {
    'logging.format': 'json',
    'dispatcher.threads': '1',
    'kafka.properties.debug': 'all',
    'kafka.properties.client.dns.lookup': 'use_all_dns_ips',
    'dispatcher.transform': join(folder, 'talk.ts'),
  };
  const result = await runKd([
    'demo',
    '-o',
    'json',
    ...Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ]);
  assert.equal(result.code, 0, result.stderr);
  const lines = linesOf(result.stderr);
  for (const { time, level, message } of lines) assert.ok(time && level && message);
  const messages = lines.map(({ message }) => message);
  for (const said of [
    'from the top level',
    'from a record',
    'in two lines',
    'TypeError: an error that was caught',
    'of another logger',
    'OddWarning: a warning of a worker',
    'to standard output',
    '[DEP9999] DeprecationWarning: old',
  ])
    assert.ok(messages.includes(said), `${said} in ${messages.join(' | ')}`);
  assert.match(
    String(lines.find(({ message }) => message.startsWith('TypeError'))?.['stack']),
    /^at .*talk\.ts/m,
  );
  assert.ok(messages.some((message) => message.startsWith('embedded broker at')));
});

test('an error before the run begins is a JSON line with its remedy, and so is a warning', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'kd-json-'));
  writeFileSync(
    join(folder, 'kd.yml'),
    JSON.stringify({
      kafka: {
        'bootstrap-servers': '127.0.0.1:9',
        consumer: { 'group-id': 'g', topics: 'in' },
        producer: { topic: 'out' },
      },
      server: { port },
      // Without a terminal `auto` means JSON lines.
      logging: { level: { root: 'INFO', 'x.y': 'WARN' } },
    }),
  );
  const result = await runKd(['run'], { cwd: folder });
  server.close();
  assert.equal(result.code, 2, result.stderr);
  const lines = linesOf(result.stderr);
  const error = lines.find(({ level }) => level === 'error');
  assert.match(error?.message ?? '', /can't listen on 127\.0\.0\.1:/);
  assert.match(String(error?.['remedy']), /free the port/);
  assert.match(lines.find(({ level }) => level === 'warn')?.message ?? '', /logging\.level\.x\.y/);
});

test('problems of a configuration that is not accepted are JSON lines, and so is its absence', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kd-json-'));
  const absent = await runKd(['run', '--set', 'logging.format=json'], { cwd: folder });
  assert.equal(absent.code, 2);
  assert.match(linesOf(absent.stderr)[0]?.message ?? '', /no configuration found/);
  writeFileSync(join(folder, 'kd.yml'), 'dispatcher: { dlq: x }\nlogging: { level: { kafk: debug } }\n');
  const faulty = await runKd(['run'], { cwd: folder });
  assert.equal(faulty.code, 2);
  const lines = linesOf(faulty.stderr);
  const area = lines.find(({ message }) => message.includes('logging.level.kafk'));
  assert.equal(area?.level, 'error');
  assert.equal(area['area'], 'config');
  assert.match(String(area['remedy']), /did you mean logging\.level\.kafka\?/);
  for (const { level } of lines) assert.equal(level, 'error');
});
