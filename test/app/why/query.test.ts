import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readQuery } from '../../../src/app/why/running-answer.js';

const read = (query: string): ReturnType<typeof readQuery> => readQuery(new URLSearchParams(query));

test('a question names a topic, a partition and an offset, each of them once', () => {
  assert.deepEqual(read('topic=a.b-c_D&partition=3&offset=9007199254740991'), {
    topic: 'a.b-c_D',
    partition: 3,
    offset: Number.MAX_SAFE_INTEGER,
  });
  for (const query of [
    '',
    'topic=a&partition=1',
    'topic=a&partition=1&offset=-1',
    'topic=a&partition=1&offset=1e3',
    'topic=a&partition=1&offset=9007199254740992',
    'topic=a&partition=2147483648&offset=1',
    'topic=a&partition=01&offset=1',
    'topic=a&topic=b&partition=1&offset=1',
    'topic=a%2Fb&partition=1&offset=1',
    `topic=${'a'.repeat(250)}&partition=1&offset=1`,
    'topic=&partition=1&offset=1',
    'topic=a&partition[]=1&offset=1',
  ])
    assert.ok('error' in read(query), query);
});

test('whatever is asked, the answer repeats nothing of it but a valid name and numbers', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(texts, texts, texts, (topic, partition, offset) => {
      const answer = readQuery(new URLSearchParams({ topic, partition, offset }));
      if ('error' in answer) assert.ok(!/[<>"]/.test(JSON.stringify(answer.error).slice(1, -1)));
      else assert.match(answer.topic, /^[\w.-]+$/);
    }),
  );
});
