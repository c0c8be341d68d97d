import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { RunEvent } from '../../../src/app/progress/events.js';
import { eventLines } from '../../../src/cli/terminal/event-lines.js';
import { Lines } from '../../app/reload/helpers.js';
import { kdInMemory } from '../memory-io.js';

const event = (kind: RunEvent['event']): RunEvent =>
  ({ event: kind, name: 'x'.repeat(200_000) }) as Partial<RunEvent> as RunEvent;

test('a reader that does not read misses progress, and still gets the last event', async () => {
  const lines = new Lines();
  const stdout = new PassThrough({ highWaterMark: 1 });
  const sink = eventLines(stdout, lines);
  sink.write(event('started'));
  for (let n = 0; n < 100; n++) sink.write(event('progress'));
  sink.write(event('finished'));
  assert.equal(lines.of('warn').length, 1);
  const closed = sink.close(1);
  let text = '';
  for await (const chunk of stdout) {
    text += String(chunk);
    if (text.includes('"finished"') && text.endsWith('\n')) break;
  }
  await closed;
  const kinds = text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: string }).event);
  assert.deepEqual([kinds[0], kinds.at(-1)], ['started', 'finished']);
  assert.ok(kinds.length < 20, `${kinds.length} events were kept`);
});

test('a reader that has gone is warned about once, and nobody waits for it', async () => {
  const lines = new Lines();
  const stdout = new PassThrough();
  const sink = eventLines(stdout, lines);
  stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await new Promise((resolve) => setImmediate(resolve));
  sink.write(event('progress'));
  await sink.close(1);
  assert.deepEqual(lines.of('warn'), [
    "warn the events of -o jsonl can't be written any more; the run continues",
  ]);
  assert.deepEqual(lines.all[0]?.fields, { reason: 'its reader has gone' });
});

test('-o jsonl is refused where there are no events, and an error is the last event', async () => {
  const refused = await kdInMemory(['config', 'show', '-o', 'jsonl']);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /-o jsonl prints the events of a run, and show has none/);
  const missing = await kdInMemory(['run', '-c', 'missing.yml', '-o', 'jsonl']);
  assert.equal(missing.code, 2);
  const [last, ...rest] = missing.out.trim().split('\n');
  assert.deepEqual(rest, []);
  const said = JSON.parse(last ?? '') as { event: string; exitCode: number; error: { message: string } };
  assert.deepEqual([said.event, said.exitCode], ['finished', 2]);
  assert.match(said.error.message, /missing\.yml/);
});
