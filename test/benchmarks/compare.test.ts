import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, type Written } from '../../benchmarks/peers/compare.js';

const TOPIC = { records: 10, content: 'aa', placed: 'bb' };
const FIRST: Written = { title: 'kd', topics: [TOPIC, TOPIC], keepsPartition: true };

function other(change: Partial<Written>): Written {
  return { ...FIRST, title: 'Go', ...change };
}

test('programs that wrote the same records do not differ', () => {
  assert.deepEqual(differences([FIRST, other({}), other({ title: 'C' })]), []);
  assert.deepEqual(differences([FIRST]), []);
  assert.deepEqual(differences([]), []);
});

test('a record that is missing is a difference, named by program and output', () => {
  const found = differences([FIRST, other({ topics: [TOPIC, { ...TOPIC, records: 9 }] })]);
  assert.deepEqual(found, ['Go, output 2: 9 records, kd 10']);
});

test('equal counts with other contents are a difference', () => {
  const [found = ''] = differences([FIRST, other({ topics: [{ ...TOPIC, content: 'ab' }, TOPIC] })]);
  assert.match(found, /Go, output 1: other keys, values, headers or timestamps than kd/);
});

test('other partitions are a difference only where both programs keep the partition of the source', () => {
  const elsewhere = { topics: [{ ...TOPIC, placed: 'bc' }, TOPIC] };
  assert.deepEqual(differences([FIRST, other(elsewhere)]), [
    'Go, output 1: the records of kd, but in other partitions',
  ]);
  assert.deepEqual(differences([FIRST, other({ ...elsewhere, keepsPartition: false })]), []);
  assert.deepEqual(differences([{ ...FIRST, keepsPartition: false }, other(elsewhere)]), []);
});

test('a program that writes fewer topics, or more, differs', () => {
  assert.equal(differences([FIRST, other({ topics: [TOPIC] })]).length, 1);
  assert.equal(differences([other({ topics: [TOPIC] }), FIRST]).length, 1);
});

test('every program that differs is named', () => {
  const wrong = { topics: [TOPIC, { ...TOPIC, content: '0' }] };
  const found = differences([FIRST, other(wrong), other({}), other({ ...wrong, title: 'Streams' })]);
  assert.deepEqual(
    found.map((text) => text.split(',')[0]),
    ['Go', 'Streams'],
  );
});
