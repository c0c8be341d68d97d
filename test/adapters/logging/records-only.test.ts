import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { recordsOnly } from '../../../src/adapters/logging/records-only.js';

class Kept extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function wrapped(): Kept {
  const stream = new Kept();
  recordsOnly(stream, undefined, () => new Date(0));
  recordsOnly(stream);
  return stream;
}

const record = (level: string, message: string, more = ''): string =>
  `{"time":"1970-01-01T00:00:00.000Z","level":"${level}","message":"${message}"${more}}\n`;

test('lines that are JSON objects pass unchanged, all others become JSON objects', () => {
  const stream = wrapped();
  stream.write('{"level":"info","message":"a"}\n{broken\nplain\n\n');
  assert.equal(
    stream.text,
    `{"level":"info","message":"a"}\n${record('info', '{broken')}${record('info', 'plain')}`,
  );
});

test('problems keep their level and their remedy, and lose their colours', () => {
  const stream = wrapped();
  stream.write('\u001b[31merror\u001b[39m: no\n    → yes\n');
  stream.write('kd.yml:1:2: warning: name: odd\n');
  assert.equal(
    stream.text,
    record('error', 'no', ',"remedy":"yes"') + record('warn', 'kd.yml:1:2: warning: name: odd'),
  );
});

test('a line that arrives in pieces is one record, and a last line without an end is not lost', async () => {
  const stream = wrapped();
  let called = 0;
  stream.write('a', () => (called += 1));
  stream.write(Buffer.from('b\nc'));
  assert.equal(stream.text, record('info', 'ab'));
  await delay(400);
  assert.equal(stream.text, record('info', 'ab') + record('info', 'c'));
  assert.equal(called, 1);
});
