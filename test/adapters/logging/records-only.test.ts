import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
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

const record = (level: string, message: string, more = '', area = 'process'): string =>
  `{"time":"1970-01-01T00:00:00.000Z","level":"${level}","area":"${area}","message":"${message}"${more}}\n`;

test('every line becomes a JSON object with a time, a level and a message', () => {
  const stream = wrapped();
  stream.write('{broken\nplain\r\n\n[1]\n');
  assert.equal(stream.text, record('info', '{broken') + record('info', 'plain') + record('info', '[1]'));
});

test("another logger's JSON keeps level, message and fields, but can't pass for a line of ours", () => {
  const stream = wrapped();
  stream.write('{"level":"error","area":"kafka","time":"now","msg":"all is lost","n":1}\n{"n":2}\n');
  assert.equal(
    stream.text,
    record('error', 'all is lost', ',"area_":"kafka","time_":"now","n":1') + record('info', '{\\"n\\":2}'),
  );
});

test('secrets are taken out of JSON that other code prints, too', () => {
  const stream = new Kept();
  recordsOnly(stream, (text) => text.replaceAll('hunter2', '***'));
  stream.write('{"message":"login","password":"hunter2"}\nhunter2\n');
  assert.ok(!stream.text.includes('hunter2'), stream.text);
});

test('problems keep their level and their remedy, and lose their colours', () => {
  const stream = wrapped();
  stream.write('\u001b[31merror\u001b[39m: no\n    → yes\n');
  stream.write('kd.yml:1:2: warning: name: odd\n');
  assert.equal(
    stream.text,
    record('error', 'no', ',"remedy":"yes"') + record('warn', 'kd.yml:1:2: warning: name: odd', '', 'config'),
  );
});

test('an error with its stack is one record, and so is a warning of Node', () => {
  const stream = wrapped();
  stream.write('TypeError: no\n    at f (file.js:1:2)\n    at g (file.js:3:4)\n');
  stream.write('(node:7) [DEP0040] DeprecationWarning: old\n');
  stream.write('(Use `node --trace-deprecation ...` to show where the warning was created)\n');
  assert.equal(
    stream.text,
    record('error', 'TypeError: no', ',"stack":"at f (file.js:1:2)\\nat g (file.js:3:4)"') +
      record('warn', '[DEP0040] DeprecationWarning: old'),
  );
});

test('whatever is written in whatever pieces, every line parses and has its three fields', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('\n', '{"level":"x"', '}', '    at f', '    → do', '(node:1) ', '\u001b[31m', '\ud800'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const stream = wrapped();
      for (const text of pieces) stream.write(text);
      stream.write('\n');
      for (const line of stream.text.split('\n').slice(0, -1)) {
        const { time, level, message } = JSON.parse(line) as Record<string, unknown>;
        assert.ok(typeof time === 'string' && typeof level === 'string' && typeof message === 'string');
      }
    }),
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
