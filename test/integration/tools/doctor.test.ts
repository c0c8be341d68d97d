// @alone: a report must come in time.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Check } from '../../../src/checks/check.js';
import { atEndOf } from '../../support/at-end.js';
import { freePorts } from '../../support/free-ports.js';
import { lastJson, runKd } from '../../support/kd.js';
import {
  type SecureCluster,
  type SecureListener,
  startSecureCluster,
  USERS,
  type User,
} from '../../support/secure-cluster.js';

const folder = mkdtempSync(join(tmpdir(), 'kd-doctor-'));
let secure: SecureCluster;
let failed = true;

const atEnd = atEndOf();
atEnd(() => rmSync(folder, { recursive: true, force: true }));
before(async () => {
  secure = await startSecureCluster();
  atEnd(() => secure.cluster.stop({ failed }));
  await secure.cluster.createTopic('orders', { partitions: 4 });
  await secure.cluster.createTopic('orders-out', { partitions: 4 });
  await secure.cluster.createTopic('orders-dlq', { partitions: 1 });
});

interface Report {
  readonly code: number | null;
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly elapsedMs: number;
  readonly text: string;
}

interface Scene {
  readonly user?: User;
  readonly servers?: string;
  readonly set?: readonly string[];
}

async function doctor(
  listener: SecureListener,
  { user, servers = secure.address(listener), set = [] }: Scene = {},
): Promise<Report> {
  const properties = Object.entries(secure.properties(listener, user)).map(
    ([name, value]) => `    ${name}: ${JSON.stringify(value)}`,
  );
  const yaml = [
    'kafka:',
    `  bootstrap-servers: ${servers}`,
    '  properties:',
    '    client.id: doctor',
    ...properties,
    '  consumer: { group-id: orders, topics: [orders] }',
    '  producer: { topic: orders-out }',
    'dispatcher:',
    '  dead-letter: { topic: orders-dlq }',
  ];
  writeFileSync(join(folder, 'kd.yml'), `${yaml.join('\n')}\n`);
  const startedMs = performance.now();
  const result = await runKd(['doctor', '-o', 'json', ...set.flatMap((one) => ['--set', one])], {
    cwd: folder,
    timeoutMs: 90_000,
  });
  const { ok, checks } = lastJson(result.stdout) as { ok: boolean; checks: Check[] };
  return {
    code: result.code,
    ok,
    checks,
    elapsedMs: performance.now() - startedMs,
    text: result.stdout + result.stderr,
  };
}

function of(report: Report, area: string, status: string): readonly Check[] {
  return report.checks.filter((check) => check.area === area && check.status === status);
}

test('for a job that would run every area is checked, nothing fails, and the exit code is 0', async () => {
  const report = await doctor('SCRAM');
  assert.equal(report.code, 0, report.text);
  assert.equal(report.ok, true);
  for (const area of [
    'dns',
    'tcp',
    'tls',
    'kafka',
    'authentication',
    'metadata',
    'topics',
    'rights',
    'group',
    'local',
  ])
    assert.ok(of(report, area, 'ok').length > 0, `${report.text}\nnothing is ok in ${area}`);
  assert.match(of(report, 'tls', 'ok')[0]?.message ?? '', /TLSv1\.3.*CN=localhost \(until \d{4}-\d\d-\d\d\)/);
  assert.match(of(report, 'kafka', 'ok')[0]?.message ?? '', /Kafka ≥ 4/);
  assert.deepEqual(
    of(report, 'rights', 'ok').map(({ subject }) => subject),
    ['topic orders', 'topic orders-out', 'topic orders-dlq', 'group orders'],
  );
  for (const check of report.checks)
    assert.deepEqual(Object.keys(check), ['area', 'subject', 'status', 'message', 'remedy']);
  assert.ok(!report.text.includes(USERS.admin.password));
});

test('missing rights are listed one by one, with the command that grants each', async () => {
  const { tool } = secure.cluster;
  const { name } = USERS.limited;
  const none = await doctor('SCRAM', { user: USERS.limited });
  assert.equal(none.code, 6);
  assert.equal(of(none, 'topics', 'failed').length, 3, none.text);
  assert.match(
    of(none, 'topics', 'failed')[0]?.remedy ?? '',
    /User:limited --operation read --operation describe --topic orders/,
  );
  await tool.grant(name, [
    { resource: 'topic', name: 'orders', operations: ['READ'] },
    { resource: 'topic', name: 'orders-out', operations: ['DESCRIBE'] },
    { resource: 'topic', name: 'orders-dlq', operations: ['WRITE'] },
    { resource: 'group', name: 'orders', operations: ['READ'] },
  ]);
  const some = await doctor('SCRAM', { user: USERS.limited });
  assert.deepEqual(
    some.checks
      .filter(({ status }) => status === 'failed')
      .map(({ area, subject, message }) => [area, subject, message]),
    [['rights', 'topic orders-out', 'this user may not WRITE']],
    some.text,
  );
  await tool.grant(name, [{ resource: 'topic', name: 'orders-out', operations: ['WRITE'] }]);
  const all = await doctor('SCRAM', { user: USERS.limited });
  assert.equal(all.code, 0, all.text);
});

test('each obstacle fails in its own area; later checks say why they were not made', async () => {
  const [port = 1] = await freePorts(1);
  const cases: readonly (readonly [SecureListener, Scene, string, RegExp])[] = [
    ['PLAIN', { servers: 'no-such-host.invalid:9092' }, 'dns', /can't be resolved/],
    ['PLAIN', { servers: `localhost:${port}` }, 'tcp', /refused/],
    ['EXPIRED', {}, 'tls', /expired/],
    ['WRONGHOST', {}, 'tls', /not valid for localhost/],
    ['SCRAM', { set: ['kafka.properties.sasl.password=wrong'] }, 'authentication', /./],
    ['ADRIFT', {}, 'metadata', /broker\.invalid/],
  ];
  for (const [listener, scene, area, words] of cases) {
    const report = await doctor(listener, scene);
    assert.equal(report.code, 6, report.text);
    const faults = report.checks.filter(({ status }) => status === 'failed');
    assert.deepEqual([...new Set(faults.map((check) => check.area))], [area], report.text);
    assert.match(faults[0]?.message ?? '', words);
    assert.ok(faults.every(({ remedy }) => remedy !== null && remedy.length > 0));
    assert.equal(of(report, 'topics', 'skipped').length, 1);
    assert.ok(of(report, 'local', 'ok').length > 0);
    assert.ok(report.elapsedMs < 20_000, `${area} took ${report.elapsedMs} ms`);
  }
});

test('a token login, which only a client can try, is tried by a client', async () => {
  writeFileSync(
    join(folder, 'tokens.mjs'),
    `export default async () => ({ token: ` +
      `${JSON.stringify(secure.tokens.token({ subject: USERS.admin.name, lifeSeconds: 600 }))}, ` +
      `expiryTime: Date.now() + 600_000 });\n`,
  );
  const report = await doctor('TOKEN', { set: ['kafka.token-provider=./tokens.mjs'] });
  assert.equal(report.code, 0, report.text);
  assert.ok(of(report, 'metadata', 'ok').length > 0);
});

test('brokers alone can be examined too, and the table says the same as the JSON', async () => {
  const result = await runKd(['doctor', '-b', secure.address('PLAIN')], { cwd: tmpdir(), timeoutMs: 60_000 });
  assert.equal(result.code, 0, result.stdout + result.stderr);
  assert.match(result.stdout, /^dns\n {2}ok {7}localhost:\d+/m);
  assert.match(result.stdout, /\d+ ok/);
  failed = false;
});
