import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeProbe, needsIdempotentWrite, oldestRelease } from '../../src/checks/brokers.js';
import type { Check } from '../../src/checks/check.js';
import { judgeClock } from '../../src/checks/clock.js';
import { judgeGroup } from '../../src/checks/group.js';
import { judgeLocal } from '../../src/checks/local.js';
import { judgeRights } from '../../src/checks/rights.js';
import { keyOf, neededTopics } from '../../src/checks/topic-plan.js';
import type { ProbeReport } from '../../src/diagnosis/types.js';
import type { GroupDescription, GroupMember, ListedOffset } from '../../src/ports/admin.js';
import { jobConfig, topicOf } from './support.js';

const GROUP: GroupDescription = {
  group: 'g',
  code: 0,
  text: '',
  state: 'Empty',
  type: 'Classic',
  assignor: '',
  coordinator: null,
  operations: ['READ'],
  members: [],
};
const MEMBER: GroupMember = {
  clientId: 'other',
  instanceId: null,
  memberId: 'other-1',
  host: '/10.0.0.7',
  partitions: 2,
};

function offset(partition: number, at: number): ListedOffset {
  return { topic: 'in', partition, offset: at, timestamp: -1, code: 0, text: '' };
}

interface Standing {
  readonly set?: readonly string[];
  readonly group?: Partial<GroupDescription>;
  readonly committed?: readonly ListedOffset[];
  readonly stable?: readonly ListedOffset[];
  readonly recent?: readonly ListedOffset[];
  readonly latest?: readonly ListedOffset[];
}

/** Two partitions with the offsets 100 to 200. */
function groupChecks({
  set = [],
  group = {},
  committed = [],
  stable = [],
  recent = [],
  latest,
}: Standing): readonly Check[] {
  return judgeGroup({
    config: jobConfig(set),
    group: { ...GROUP, ...group },
    committed,
    earliest: [offset(0, 100), offset(1, 100)],
    latest: latest ?? [offset(0, 200), offset(1, 200)],
    stable,
    recent,
    offsetsKeptMs: 7 * 86_400_000,
    line: (key) => key,
  });
}

const statuses = (checks: readonly Check[]): string => checks.map(({ status }) => status).join(' ');

test('a group reports its lag, or where it will start', () => {
  const checks = groupChecks({ committed: [offset(0, 150), offset(1, 199)] });
  assert.equal(statuses(checks), 'ok ok ok');
  assert.match(checks[1]?.message ?? '', /^lag of at most 51 records/);
  assert.match(groupChecks({})[1]?.message ?? '', /nothing committed yet: the run starts at earliest/);
});

test(
  'offsets outside the log fail or warn as out-of-range says; a group without offsets fails ' +
    'where auto-offset-reset is none',
  () => {
    const lost = [offset(0, 50), offset(1, 150)];
    assert.match(
      groupChecks({ committed: lost })[1]?.message ?? '',
      /deleted before they were read, in in\[0\]: the run would stop/,
    );
    assert.equal(statuses(groupChecks({ committed: lost })), 'ok failed ok');
    assert.equal(
      statuses(groupChecks({ committed: lost, set: ['kafka.consumer.out-of-range=earliest'] })),
      'ok warning ok',
    );
    assert.equal(statuses(groupChecks({ committed: [offset(0, 999), offset(1, 150)] })), 'ok failed ok');
    assert.equal(statuses(groupChecks({ set: ['kafka.consumer.auto-offset-reset=none'] })), 'ok failed ok');
  },
);

test(
  'partitions of a known group that have no committed offset are named, with the records that ' +
    'would be read or skipped',
  () => {
    const committed = [offset(0, 150), offset(1, -1)];
    const [, again] = groupChecks({ committed });
    assert.ok(again !== undefined && again.status === 'warning');
    assert.match(again.message, /for in\[1\].* starts at earliest, which reads at most 100 records/);
    const [, skipped] = groupChecks({ committed, set: ['kafka.consumer.auto-offset-reset=latest'] });
    assert.match(skipped?.message ?? '', /starts at latest, which skips at most 100 records/);
    assert.match(skipped?.remedy ?? '', /--reset-offsets --group g/);
  },
);

test(
  'an open transaction with many records behind it is named, one that was opened a moment ago is ' + 'not',
  () => {
    const latest = [offset(0, 20_000), offset(1, 20_000)];
    const open = groupChecks({ latest, stable: [offset(0, 150), offset(1, 19_900)] });
    const found = open.filter(({ subject }) => subject === 'g transactions');
    assert.equal(statuses(found), 'warning');
    assert.match(
      found[0]?.message ?? '',
      /in\[0\] has an open transaction at offset 150: the 19,850 records/,
    );
    assert.match(found[0]?.remedy ?? '', /find-hanging --topic in --partition 0/);
  },
);

test('an open transaction with few records behind it is named when it is older than half a minute', () => {
  const named = (recent: readonly ListedOffset[]): string =>
    groupChecks({ stable: [offset(0, 197)], recent })
      .filter(({ subject }) => subject === 'g transactions')
      .map(({ message }) => message)
      .join();
  assert.match(named([offset(0, -1)]), /in\[0\] has an open transaction at offset 197: the 3 records/);
  assert.match(named([offset(0, 199)]), /at offset 197/);
  assert.equal(named([offset(0, 197)]), '', 'a record of this half minute');
  assert.equal(named([]), '', 'not known');
});

test('a group that this job could not join, or whose member it would fence, is reported', () => {
  const members = [MEMBER];
  assert.match(
    groupChecks({ group: { members, state: 'Stable', assignor: 'range' } })[0]?.message ?? '',
    /use the assignor range, this job cooperative-sticky/,
  );
  assert.equal(
    statuses(groupChecks({ group: { members, state: 'Stable', assignor: 'cooperative-sticky' } })),
    'ok ok ok',
  );
  const set = ['kafka.consumer.properties.group.instance.id=one'];
  const fenced = groupChecks({
    set,
    group: { members: [{ ...MEMBER, instanceId: 'one' }], assignor: 'cooperative-sticky' },
  });
  assert.match(fenced[0]?.message ?? '', /in use by other at 10\.0\.0\.7/);
  assert.match(
    groupChecks({ group: { members: [MEMBER, MEMBER], assignor: 'cooperative-sticky' } })[0]?.message ?? '',
    /another one would get no partition/,
  );
});

test(
  'missing rights are named with the command that grants them; a broker that does not list rights ' +
    'is skipped',
  () => {
    const config = jobConfig();
    const needed = neededTopics(config);
    const found = new Map([
      ['consumer/in', topicOf('in', 1, ['DESCRIBE'])],
      ['producer/out', topicOf('out', 1)],
    ]);
    assert.equal(needed.map(keyOf).join(), 'consumer/in,producer/out');
    const checks = judgeRights({
      config,
      needed,
      found,
      group: { ...GROUP, code: 30 },
      clusters: {},
      idempotentWriteNeeded: false,
    });
    assert.equal(statuses(checks), 'failed skipped failed');
    assert.equal(
      checks[0]?.remedy,
      'kafka-acls.sh --add --allow-principal User:ANONYMOUS --operation read --topic in',
    );
    const cluster = { clusterId: null, controller: 1, nodes: [], operations: ['DESCRIBE'] };
    const old = judgeRights({
      config,
      needed,
      found,
      group: undefined,
      clusters: { producer: cluster },
      idempotentWriteNeeded: true,
    });
    assert.match(old.at(-1)?.message ?? '', /IDEMPOTENT_WRITE/);
  },
);

test("a broker's timestamp in the future proves that a clock is ahead; an old one proves nothing", () => {
  const nowMs = 1_700_000_000_000;
  const clock = (writtenMs: number | undefined): string =>
    statuses(judgeClock({ aheadMs: undefined, writtenMs, whyNot: 'because', nowMs }));
  assert.equal(clock(nowMs + 60_000), 'warning');
  assert.equal(clock(nowMs - 20_000), 'ok');
  assert.equal(clock(nowMs - 86_400_000), 'skipped');
  assert.equal(clock(undefined), 'skipped');
  for (const [aheadMs, status] of [
    [-70_000, 'warning'],
    [70_000, 'warning'],
    [-40, 'ok'],
  ] as const)
    assert.equal(statuses(judgeClock({ aheadMs, writtenMs: undefined, whyNot: '', nowMs })), status);
  assert.match(
    judgeClock({ aheadMs: undefined, writtenMs: nowMs + 60_000, whyNot: '', nowMs })[0]?.message ?? '',
    /60 seconds or more/,
  );
});

test('the limits of this machine are compared with those that the job needs', () => {
  const local = (
    openFilesMax: number | undefined,
    memoryBytes: number,
    set: readonly string[] = [],
    features = ['ssl', 'zstd'],
  ): readonly Check[] =>
    judgeLocal({
      config: jobConfig(['dispatcher.threads=2', ...set]),
      line: (key) => key,
      brokers: 3,
      openFilesMax,
      memoryBytes,
      cores: 4,
      librdkafka: { version: '2.12.0', features: new Set(features) },
      nodeVersion: '20.0.0',
    });
  const gib = 2 ** 30;
  assert.equal(statuses(local(65_536, gib)), 'ok ok ok ok');
  assert.equal(statuses(local(64, gib)), 'failed ok ok ok');
  assert.equal(statuses(local(undefined, 128 * 2 ** 20)), 'skipped failed ok ok');
  assert.equal(statuses(local(65_536, gib, ['dispatcher.threads=9'])), 'ok ok warning ok');
  assert.equal(statuses(local(65_536, gib, [], ['ssl'])), 'ok ok ok warning');
});

const REPORT: ProbeReport = {
  broker: 'b:9093',
  diagnosis: undefined,
  addresses: ['10.0.0.1'],
  address: '10.0.0.1',
  connectMs: 3,
  tls: undefined,
  apiVersions: new Map(),
  authenticated: undefined,
  advertised: undefined,
  topics: [],
};
const NOW = Date.parse('2026-01-01T00:00:00Z');

test(
  'each step of a probe becomes a check; after a failed step only the next is reported as not ' + 'checked',
  () => {
    const diagnosis = {
      broker: 'b:9093',
      stage: 'tls',
      fault: 'wrong-ca',
      message: 'broker b:9093: not trusted',
      remedy: 'do',
      refused: true,
    } as const;
    const checks = judgeProbe(REPORT, { tls: true, sasl: true, mechanism: 'PLAIN', nowMs: NOW }, diagnosis);
    assert.deepEqual(
      checks.map(({ area, status }) => `${area} ${status}`),
      ['dns ok', 'tcp ok', 'tls failed', 'kafka skipped'],
    );
    assert.equal(checks[2]?.message, 'not trusted');
  },
);

test('a required login that is not configured fails at the login step, not at the first step', () => {
  const said = {
    broker: 'b:9093',
    fault: 'sasl-required',
    message: 'wants a login',
    remedy: 'do',
    refused: true,
  } as const;
  const checks = judgeProbe(
    REPORT,
    { tls: false, sasl: false, mechanism: '', nowMs: NOW },
    { ...said, stage: 'sasl' },
  );
  assert.deepEqual(
    checks.map(({ area, status }) => `${area} ${status}`),
    ['dns ok', 'tcp ok', 'kafka ok', 'authentication failed'],
  );
});

test('a broker that was not tried because of unusable certificates is not called connected', () => {
  const said = {
    broker: 'b:9093',
    fault: 'key-mismatch',
    message: 'not tried',
    remedy: 'do',
    refused: true,
  } as const;
  const untried = { ...REPORT, addresses: [], address: undefined, connectMs: undefined };
  const checks = judgeProbe(
    untried,
    { tls: true, sasl: false, mechanism: '', nowMs: NOW },
    { ...said, stage: 'tls' },
  );
  assert.deepEqual(
    checks.map(({ area, status }) => `${area} ${status}`),
    ['dns skipped', 'tcp skipped', 'tls failed', 'kafka skipped'],
  );
});

test('a certificate of the chain that expires soon is a warning, whichever one it is', () => {
  const certificate = (subject: string, until: string) => ({
    subject,
    issuer: '',
    notBefore: new Date(0),
    notAfter: new Date(until),
    sha256: '',
    names: [],
  });
  const tls = {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    chain: [certificate('CN=b', '2027-01-01'), certificate('CN=ca', '2026-01-11')],
  };
  const checks = judgeProbe({ ...REPORT, tls }, { tls: true, sasl: false, mechanism: '', nowMs: NOW });
  assert.match(checks.find(({ area }) => area === 'tls')?.message ?? '', /CN=ca ends in 10 days/);
});

test(
  "the versions of requests show the broker's release, and whether an idempotent producer needs " +
    'a right of its own',
  () => {
    const release = (
      versions: readonly (readonly [number, readonly [number, number]])[],
    ): string | undefined => oldestRelease(new Map(versions));
    assert.equal(release([[0, [0, 7]]]), '2.1');
    assert.equal(
      release([
        [0, [3, 12]],
        [60, [0, 2]],
      ]),
      '4.0',
    );
    assert.equal(release([[1, [0, 99]]]), '3.9');
    assert.equal(release([]), undefined);
    assert.equal(needsIdempotentWrite(new Map([[0, [0, 7]]])), true);
    assert.equal(needsIdempotentWrite(new Map([[60, [0, 0]]])), false);
  },
);
