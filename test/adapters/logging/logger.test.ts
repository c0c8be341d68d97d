import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonLine, textLine } from '../../../src/adapters/logging/lines.js';
import { RateLimiter } from '../../../src/adapters/logging/rate-limiter.js';
import { createLogger, type LoggerOptions } from '../../../src/adapters/logging/winston-logger.js';
import { inArea } from '../../../src/ports/logger.js';
import { redactor } from '../../../src/secrets/redact.js';
import { readAll } from '../../support/read-all.js';

const AT = new Date('2026-01-02T03:04:05.678Z');

function logger(options: Partial<LoggerOptions> = {}) {
  const stream = new PassThrough();
  const made = createLogger({ levels: { root: 'info' }, format: 'json', stream, now: () => AT, ...options });
  return {
    logger: made,
    lines: () =>
      readAll(stream)
        .split('\n')
        .filter((line) => line !== ''),
  };
}

test('JSON lines without a terminal, text on a terminal', async () => {
  const json = logger({ format: 'auto' });
  json.logger.info('hello', { a: 1, message: 'mine', big: 10n });
  await json.logger.close(1_000);
  assert.deepEqual(
    json.lines().map((line) => JSON.parse(line) as unknown),
    [{ time: AT.toISOString(), level: 'info', message: 'hello', a: 1, message_: 'mine', big: '10' }],
  );
  const stream = Object.assign(new PassThrough(), { isTTY: true });
  const text = createLogger({
    levels: { root: 'info' },
    format: 'auto',
    stream,
    colors: false,
    now: () => AT,
  });
  text.warn('careful', { topic: 'in', why: 'two words' });
  await text.close(1_000);
  assert.match(readAll(stream), /^\d\d:\d\d:05\.678 warn {2}careful topic=in why="two words"\n$/);
});

test("in systemd's journal a text line begins with its priority and has no time", async () => {
  const { logger: made, lines } = logger({ format: 'text', toJournal: true });
  made.error('no');
  made.warn('careful', { topic: 'in' });
  made.info('yes');
  await made.close(1_000);
  assert.deepEqual(lines(), ['<3>no', '<4>careful topic=in', '<6>yes']);
});

test('each area has its own level, and new levels hold for loggers that exist already', async () => {
  const { logger: made, lines } = logger({ levels: { root: 'warn', kafka: 'debug' } });
  const [kafka, group] = [inArea(made, 'kafka'), inArea(made, 'group')];
  const pipeline = inArea(made.with({ pipeline: 'a' }), 'kafka');
  for (const one of [kafka, group, pipeline]) one.debug('now');
  made.setLevels({ root: 'debug', kafka: 'error' });
  for (const one of [kafka, group, pipeline]) one.debug('later');
  await made.close(1_000);
  assert.deepEqual(
    lines().map((line) => {
      const { message, area, pipeline: name } = JSON.parse(line) as Record<string, unknown>;
      return [message, area, name];
    }),
    [
      ['now', 'kafka', undefined],
      ['now', 'kafka', 'a'],
      ['later', 'group', undefined],
    ],
  );
});

test('lines below the configured level are not written', async () => {
  const { logger: made, lines } = logger({ levels: { root: 'warn' } });
  made.info('no');
  made.warn('yes');
  made.setLevels({ root: 'debug' });
  made.debug('now');
  await made.close(1_000);
  assert.deepEqual(
    lines().map((line) => (JSON.parse(line) as { message: string }).message),
    ['yes', 'now'],
  );
});

test('equal messages are written a few times, then counted and summed up', async () => {
  let now = 0;
  const { logger: made, lines } = logger({
    now: () => new Date(now),
    limits: { passedMax: 2, windowMs: 10_000, keysMax: 10 },
  });
  for (let round = 0; round < 12_347; round += 1) made.error('broker down', { round });
  made.error('other');
  now = 10_000;
  made.error('broker down');
  await made.close(1_000);
  assert.deepEqual(
    lines().map((line) => (JSON.parse(line) as { message: string }).message),
    [
      'broker down',
      'broker down',
      'other',
      'broker down (12,345 more like this in the last 10 s)',
      'broker down',
    ],
  );
});

test('suppressed lines are summed up at the close', async () => {
  const { logger: made, lines } = logger({ limits: { passedMax: 1, windowMs: 10_000, keysMax: 10 } });
  for (let round = 0; round < 4; round += 1) made.warn('again');
  await made.close(1_000);
  assert.match(lines()[1] ?? '', /again \(3 more like this in the last 1 s\)/);
});

test('the limiter watches a bounded number of keys', () => {
  const limiter = new RateLimiter<string>({ passedMax: 1, windowMs: 1_000, keysMax: 3 });
  const ended = ['a', 'a', 'b', 'c', 'd'].flatMap((key) => limiter.admit(key, key, 0).ended);
  assert.deepEqual(ended, [{ subject: 'a', count: 1, elapsedMs: 0 }]);
});

test('the close waits for a slow stream, but for one that hangs only until its deadline', async () => {
  const taken: string[] = [];
  const slow = new Writable({
    write(chunk, _encoding, done) {
      setTimeout(() => {
        taken.push(String(chunk));
        done();
      }, 20);
    },
  });
  const first = createLogger({ levels: { root: 'info' }, format: 'text', stream: slow });
  for (let line = 0; line < 5; line += 1) first.info(`line ${line}`);
  await first.close(5_000);
  assert.equal(taken.filter((text) => text.includes('line')).length, 5);
  const stuck = createLogger({
    levels: { root: 'info' },
    format: 'text',
    stream: new Writable({ write: () => undefined }),
  });
  stuck.info('never taken');
  await stuck.close(50);
});

test('secrets are taken out of every line', async () => {
  const { logger: made, lines } = logger({ redact: (text) => text.replaceAll('hunter2', '***') });
  made.error('login with hunter2 failed', { cause: new Error('hunter2 refused') });
  await made.close(1_000);
  assert.ok(!lines().join('').includes('hunter2'));
});

const asIs = (text: string): string => text;

test('a secret that is an ordinary word or number leaves keys, levels and times unchanged', async () => {
  for (const format of ['json', 'text'] as const) {
    const redact = redactor(['info', 'time', '6710', 'offset', '2026']);
    const { logger: made, lines } = logger({ format, redact });
    made.info('login as info at that time', { offset: 6710, partition: '6710', nested: { time: 'info 1' } });
    await made.close(1_000);
    const line = lines().join('');
    assert.match(line, /login as \*{8} at that \*{8}/);
    if (format === 'text') continue;
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(rest, {
      level: 'info',
      message: 'login as ******** at that ********',
      offset: 6_710,
      partition: '********',
      nested: { time: '******** 1' },
    });
  }
});

test('no message or field breaks the line or throws', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const hostile = {
    cycle,
    thrower: {
      toJSON: () => {
        throw new Error('no');
      },
    },
    symbol: Symbol('s'),
    nothing: undefined,
    call: () => 1,
    nan: Number.NaN,
  };
  const event = { time: AT, level: 'info' as const, message: 'a\nb\u001b[31m\u2028', fields: hostile };
  assert.doesNotThrow(() => JSON.parse(jsonLine(event, asIs)));
  assert.ok(!/[\n\u001b\u2028]/.test(textLine(event, false, asIs)));
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withDate: true })),
      (message, fields) => {
        const any = { time: AT, level: 'warn' as const, message, fields };
        JSON.parse(jsonLine(any, asIs));
        assert.ok(!textLine(any, false, asIs).includes('\n'));
      },
    ),
  );
});
