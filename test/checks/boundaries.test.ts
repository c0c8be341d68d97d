import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Check, hasFailed, listed, plural, spanOf } from '../../src/checks/check.js';
import { judgeClock } from '../../src/checks/clock.js';
import { grant, type Resource } from '../../src/checks/grants.js';
import { jobConfig } from './support.js';

const NOW_MS = Date.UTC(2026, 10, 28);
const WHY_NOT = 'this user may not read it';

function clock(aheadMs: number | undefined, writtenAgoMs?: number): string {
  const writtenMs = writtenAgoMs === undefined ? undefined : NOW_MS - writtenAgoMs;
  const [check] = judgeClock({ aheadMs, writtenMs, whyNot: WHY_NOT, nowMs: NOW_MS });
  assert.ok(check);
  assert.equal(check.remedy === null, check.status !== 'warning');
  return `${check.status}: ${check.message}`;
}

const CLOCKS: readonly (readonly [aheadMs: number | undefined, agoMs: number | undefined, said: RegExp])[] = [
  [0, undefined, /^ok: the controller's clock is 0 ms ahead of this machine's$/],
  [-999, undefined, /^ok: .* is 999 ms behind this machine's$/],
  [1_000, undefined, /^ok: .* is 1 second ahead of/],
  [5_000, undefined, /^ok: .* 5 seconds ahead/],
  [5_001, undefined, /^warning: .* 5 seconds ahead/],
  [-5_001, undefined, /^warning: .* 5 seconds behind/],
  [7_200_000, undefined, /^warning: .* 2 hours ahead/],
  // What the controller says counts more than what a broker once wrote.
  [10, -90_000, /^ok: .* 10 ms ahead/],
  [undefined, undefined, /^skipped: this user may not read it$/],
  [undefined, 0, /^ok: no sign of a difference: .* at most 0 seconds behind/],
  [undefined, -5_000, /^ok: no sign of a difference/],
  [undefined, -5_001, /^warning: a broker's clock is 5 seconds or more ahead/],
  [undefined, 600_000, /^ok: .* at most 10 minutes behind/],
  [undefined, 600_001, /^skipped: .*\(10 minutes ago\) is too old to compare/],
  [undefined, NOW_MS + 1, /^skipped: the brokers have written no timestamp yet/],
];

for (const [aheadMs, agoMs, said] of CLOCKS)
  test(`clocks: ${aheadMs ?? 'no'} ms ahead, a timestamp of ${agoMs ?? 'no'} ms ago: ${said.source}`, () => {
    assert.match(clock(aheadMs, agoMs), said);
  });

test('a time span is given in the largest unit of which it has at least two', () => {
  const spans: readonly (readonly [number, string])[] = [
    [0, '0 seconds'],
    [1_000, '1 second'],
    [119_000, '119 seconds'],
    [120_000, '2 minutes'],
    [5_400_000, '90 minutes'],
    [86_400_000, '24 hours'],
    [7 * 86_400_000, '7 days'],
    [-7_200_000, '-2 hours'],
    [10_000 * 86_400_000, '10,000 days'],
  ];
  for (const [ms, words] of spans) assert.equal(spanOf(ms), words);
});

test('a time span in words is within a quarter of the span itself', () => {
  const UNIT_MS: Readonly<Record<string, number>> = {
    day: 86_400_000,
    hour: 3_600_000,
    minute: 60_000,
    second: 1_000,
  };
  fc.assert(
    fc.property(fc.integer({ min: 2_000, max: 4e11 }), (ms) => {
      const [amount = '', unit = ''] = spanOf(ms).split(' ');
      const said = Number(amount.replaceAll(',', '')) * (UNIT_MS[unit.replace(/s$/, '')] ?? Number.NaN);
      assert.ok(Math.abs(said - ms) <= ms / 4, spanOf(ms));
    }),
  );
});

test('a list names eight items and counts the rest; a count of one has no plural', () => {
  assert.equal(listed([]), '');
  assert.equal(listed([1, 2, 3, 4, 5, 6, 7, 8]), '1, 2, 3, 4, 5, 6, 7, 8');
  assert.equal(listed(Array.from({ length: 10 }, (_, index) => index)), '0, 1, 2, 3, 4, 5, 6, 7 and 2 more');
  assert.deepEqual(
    [0, 1, 2, 1_234].map((many) => plural(many, 'record')),
    ['0 records', '1 record', '2 records', '1,234 records'],
  );
});

test('only a failed check fails the doctor', () => {
  const check = (status: Check['status']): Check => ({
    area: 'topics',
    subject: 'in',
    status,
    message: '',
    remedy: null,
  });
  assert.equal(hasFailed([]), false);
  assert.equal(hasFailed([check('ok'), check('warning'), check('skipped')]), false);
  assert.equal(hasFailed([check('ok'), check('failed')]), true);
});

const IAM = [
  'kafka.bootstrap-servers=b-1.kd.a1b2c3.c2.kafka.eu-west-1.amazonaws.com:9098',
  'kafka.properties.security.protocol=SASL_SSL',
  'kafka.properties.sasl.mechanism=AWS_MSK_IAM',
];
const PLAIN = [
  'kafka.properties.security.protocol=SASL_SSL',
  'kafka.properties.sasl.mechanism=PLAIN',
  'kafka.properties.sasl.password=word',
];
const TOPIC: Resource = { kind: 'topic', name: 'orders' };
const ACLS = 'kafka-acls.sh --add --allow-principal';

const GRANTS: readonly (readonly [
  set: readonly string[],
  resource: Resource,
  missing: readonly string[],
  command: string,
])[] = [
  [[], TOPIC, ['READ'], `${ACLS} User:ANONYMOUS --operation read --topic orders`],
  [
    [...PLAIN, 'kafka.properties.sasl.username=loader'],
    TOPIC,
    ['WRITE', 'DESCRIBE'],
    `${ACLS} User:loader --operation write --operation describe --topic orders`,
  ],
  [
    [...PLAIN, "kafka.properties.sasl.username=o'brien & sons"],
    { kind: 'group', name: 'g' },
    ['READ'],
    `${ACLS} 'User:o'\\''brien & sons' --operation read --group g`,
  ],
  [
    [...PLAIN, 'kafka.properties.sasl.username=loader'],
    { kind: 'cluster' },
    ['IDEMPOTENT_WRITE'],
    `${ACLS} User:loader --operation IdempotentWrite --cluster`,
  ],
  [
    IAM,
    TOPIC,
    ['READ', 'WRITE', 'DESCRIBE', 'CREATE'],
    'allow kafka-cluster:ReadData, kafka-cluster:WriteData, kafka-cluster:DescribeTopic, ' +
      'kafka-cluster:CreateTopic on topic orders in the IAM policy',
  ],
  [
    IAM,
    { kind: 'group', name: 'g' },
    ['READ', 'DESCRIBE'],
    'allow kafka-cluster:AlterGroup, kafka-cluster:DescribeGroup on group g in the IAM policy',
  ],
  [
    IAM,
    { kind: 'cluster' },
    ['IDEMPOTENT_WRITE'],
    'allow kafka-cluster:WriteDataIdempotently on the cluster in the IAM policy',
  ],
];

for (const [set, resource, missing, command] of GRANTS)
  test(`the right that is missing comes with what grants it: ${command}`, () => {
    assert.equal(grant(jobConfig(set), 'consumer', resource)(missing), command);
  });
