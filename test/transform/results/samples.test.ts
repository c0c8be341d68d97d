/** What of a dead letter's message is shown outside its topic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reject } from '../../../src/index.js';
import { maskedSample, NOT_SHOWN, type Samples, sampleOf } from '../../../src/transform/results/sample.js';
import { InputBatchReader } from '../../../src/wire/input-reader.js';
import { headerText, run } from '../run.js';
import { inputOf, OUT } from '../support.js';

const ANNA = JSON.stringify({
  name: 'Anna Müller',
  email: 'anna@example.com',
  phone: '+49 170 1234567',
  amount: '12 EUR',
  note: 'calls back on Monday',
});

test('words, numbers and addresses that a message quotes of its record are hidden', () => {
  const cases: readonly (readonly [message: string, shown: string])[] = [
    ['no customer Anna Müller', 'no customer …'],
    ['no customer MÜLLER, anna', 'no customer …'],
    ['amount must be positive', 'amount must be positive'],
    ['field "amount" holds "12 EUR", not a number', 'field "amount" holds "…", not a number'],
    ['no mailbox anna@example.com', 'no mailbox …'],
    ['no such number: +49 170 1234567', 'no such number: #'],
    ["unknown name 'Berta'", 'unknown name "…"'],
    ['bad value {"name":"Anna","tags":["x"]}', 'bad value …'],
    ['bad value {"name":"An', 'bad value …'],
    ['`Anna` said “no” and «yes', '"…" said "…" and "…"'],
    ['id 6f1c2b9a-00aa-4b1e-9d3f-1a2b3c4d5e6f is twice', 'id … is twice'],
    ['order A-17 of 3.11.2026, 12:30, is late', 'order # of #, is late'],
    ['key QWxhZGRpbjpvcGVuIHNlc2FtZQabcdefgh= is wrong', 'key … is wrong'],
    ["the value isn't valid UTF-8", "the value isn't valid UTF-8"],
    ['see dispatcher.batch.output-bytes-max', 'see dispatcher.batch.output-bytes-max'],
  ];
  for (const [message, shown] of cases) assert.equal(maskedSample(message, ANNA), shown);
});

test('a name of a field is hidden where the record says it as a value, too', () => {
  assert.equal(maskedSample('field "amount" is wrong', '{"amount":"amount"}'), 'field "…" is wrong');
});

test('text that JSON writes as numbers of characters is recognised', () => {
  assert.equal(maskedSample('no customer Müller', '{"name":"M\\u00fcller"}'), 'no customer …');
});

test('hostile messages are masked in bounded time', () => {
  for (const piece of ['"', "'", '{[', '@', '#.', 'a1', '…', '\\u0041', '  ', '«'])
    assert.ok(maskedSample(piece.repeat(100_000), piece.repeat(1_000)).length <= 2_000, piece);
});

async function shownOf(samples: Samples, value = ANNA): Promise<{ shown?: string; kept?: string }> {
  const refused = () => reject('NO_CUSTOMER', 'no customer Anna Müller');
  const { result, outputs } = await run(refused, [value, value], { settings: { samples } });
  const [shown, kept] = [result.deadLetterExamples[0]?.message, headerText(outputs[1], 'kd-message')];
  return { ...(shown === undefined ? {} : { shown }), ...(kept === undefined ? {} : { kept }) };
}

test('the dead letter keeps the whole message, whatever is shown of it', async () => {
  const kept = 'no customer Anna Müller';
  assert.deepEqual(await shownOf('masked'), { shown: 'no customer …', kept });
  assert.deepEqual(await shownOf('none'), { shown: NOT_SHOWN, kept });
  assert.deepEqual(await shownOf('full'), { shown: kept, kept });
});

test('no word is shown of a message about a record that is too large to be compared', async () => {
  const reader = new InputBatchReader();
  reader.open(inputOf(['x'.repeat(1_100_000)], 2 * 1024 * 1024).block.bytes);
  assert.equal(sampleOf('masked', 'no customer', reader, 0), NOT_SHOWN);
});

test('the record that stops a run without a dead-letter topic is masked as well', async () => {
  const refused = () => reject('NO_CUSTOMER', 'no customer Anna Müller');
  const { result } = await run(refused, [ANNA], {
    settings: { samples: 'masked', topics: { default: OUT } },
  });
  assert.equal(result.stop?.message, 'no customer …');
});
