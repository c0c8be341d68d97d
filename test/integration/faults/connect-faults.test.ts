/**
 * Every way in which a connection or a right can be missing, provoked on real listeners through `kd run`:
 * checks exit code, message and time.
 */
// @alone: every fault must be reported within ten seconds.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Summary } from '../../../src/app/summary.js';
import { atEndOf } from '../../support/at-end.js';
import { freePorts } from '../../support/free-ports.js';
import { type KdResult, lastJson, spawnKd } from '../../support/kd.js';
import {
  type SecureCluster,
  type SecureListener,
  startSecureCluster,
  USERS,
} from '../../support/secure-cluster.js';

const TOLD_WITHIN_MS = 10_000;
/**
 * Runs of each kind at the same time. They compete for the processor, so the time is measured from the start
 * of the run itself.
 */
const AT_ONCE = 2;
const CANARY = 'canary-5f1c-password';

let secure: SecureCluster;
const silent = createServer(() => undefined);
const folders: string[] = [];
const atEnd = atEndOf();
atEnd(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
before(async () => {
  secure = await startSecureCluster();
  atEnd(() => secure.cluster.stop());
  await secure.cluster.tool.createTopics(
    ['in', 'out', 'unwritable', 'hidden'].map((name) => ({ name, partitions: 2 })),
  );
  await secure.cluster.tool.send('in', [{ value: Buffer.from('one') }]);
  await secure.cluster.tool.grant(USERS.limited.name, [
    { resource: 'topic', name: 'in', operations: ['READ'] },
    { resource: 'topic', name: 'out', operations: ['WRITE'] },
    { resource: 'topic', name: 'unwritable', operations: ['DESCRIBE'] },
    { resource: 'group', name: 'granted', operations: ['READ'] },
    { resource: 'group', name: 'taken', operations: ['READ'] },
  ]);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  atEnd(() => silent.close());
});

interface Side {
  readonly servers: string;
  readonly properties: Readonly<Record<string, string>>;
}

interface Plan {
  readonly consumer?: Side;
  readonly producer?: Side;
  readonly topic?: string;
  readonly group?: string;
  readonly output?: string;
}

interface Case {
  readonly what: string;
  readonly plan: () => Plan | Promise<Plan>;
  readonly exit: 3 | 8;
  readonly says: RegExp;
  readonly advises: RegExp;
}

/** The working settings of a listener, with other properties on top. */
function at(listener: SecureListener, properties: Record<string, string> = {}): Side {
  return { servers: secure.address(listener), properties: { ...secure.properties(listener), ...properties } };
}

function limited(): Side {
  return { servers: secure.address('SCRAM'), properties: secure.properties('SCRAM', USERS.limited) };
}

/** The same settings for both clients; the producer connects first. */
function both(side: Side): Plan {
  return { consumer: side, producer: side };
}

const CASES: readonly Case[] = [
  {
    what: 'wrong CA',
    plan: () => both(at('TLS', { 'ssl.ca.pem': secure.tls.pem('other-ca').certificate })),
    exit: 8,
    says: new RegExp(
      'broker localhost:\\d+: its certificate \\(CN=localhost\\) is issued by ' +
        'CN=ca,O=Kafka-Dispatcher tests, which is not among',
    ),
    advises: /truststore.*line to change: kafka\.\S+ssl\.ca\.pem/,
  },
  {
    what: 'expired certificate',
    plan: () => both(at('EXPIRED')),
    exit: 8,
    says: /expired on \d{4}-\S+; the clock here says \d{4}-/,
    advises: /renew/,
  },
  {
    what: 'certificate not yet valid',
    plan: () => both(at('NOTYET')),
    exit: 8,
    says: /not valid before 20\d\d-\S+; the clock here says/,
    advises: /clock/,
  },
  {
    what: 'hostname mismatch',
    plan: () => both(at('WRONGHOST')),
    exit: 8,
    says: /not valid for localhost, but for broker\.wrong\.example/,
    advises: /bootstrap-servers/,
  },
  {
    what: 'TLS to a plaintext port',
    plan: () => both({ servers: secure.address('PLAIN'), properties: secure.properties('TLS') }),
    exit: 8,
    says: /asks for TLS, but this port speaks plaintext; .*9094 TLS/,
    advises: /security\.protocol: PLAINTEXT.*line to change: kafka\.\S*security\.protocol/,
  },
  {
    what: 'plaintext to a TLS port',
    plan: () => both({ servers: secure.address('TLS'), properties: secure.properties('PLAIN') }),
    exit: 8,
    says: /asks for plaintext, but this port speaks TLS/,
    advises: /security\.protocol: SSL/,
  },
  {
    what: 'client certificate missing',
    plan: () => both({ servers: secure.address('MTLS'), properties: secure.properties('TLS') }),
    exit: 8,
    says: /asks for a client certificate, and none is configured/,
    advises: /ssl\.keystore\.location/,
  },
  {
    what: 'client certificate refused',
    plan: () => {
      const { certificate, key } = secure.tls.pem('client-other-ca');
      return both(at('MTLS', { 'ssl.certificate.pem': certificate, 'ssl.key.pem': key }));
    },
    exit: 8,
    says: /refuses our client certificate \(CN=client, issued by CN=other-ca/,
    advises: /truststore/,
  },
  {
    what: 'unsupported mechanism',
    plan: () => both(at('SCRAM', { 'sasl.mechanisms': 'PLAIN' })),
    exit: 8,
    says: /does not support sasl\.mechanism PLAIN; it offers .*SCRAM-SHA-512/,
    advises: /set sasl\.mechanism/,
  },
  {
    what: 'wrong password, SCRAM-SHA-512',
    plan: () => both(at('SCRAM', { 'sasl.password': CANARY })),
    exit: 8,
    says: /refuses the SCRAM-SHA-512 login of user admin: /,
    advises: /sasl\.password/,
  },
  {
    what: 'wrong password, PLAIN',
    plan: () => both(at('PASSWORD', { 'sasl.password': CANARY })),
    exit: 8,
    says: /refuses the PLAIN login of user admin: /,
    advises: /sasl\.password/,
  },
  {
    what: 'SASL listener without a login',
    plan: () => both({ servers: secure.address('SCRAM'), properties: secure.properties('TLS') }),
    exit: 8,
    says: /requires a login \(SASL: .*SCRAM-SHA-512/,
    advises: /SASL_SSL/,
  },
  {
    what: 'login for a listener without SASL',
    plan: () => both({ servers: secure.address('TLS'), properties: secure.properties('SCRAM') }),
    exit: 8,
    says: /does not use SASL/,
    advises: /security\.protocol: SSL/,
  },
  {
    what: 'unresolvable host',
    plan: () => both({ servers: 'no-such-host.invalid:9094', properties: secure.properties('TLS') }),
    exit: 3,
    says: /no-such-host\.invalid can't be resolved/,
    advises: /DNS.*bootstrap-servers/,
  },
  {
    what: 'nobody listens',
    plan: async () => both({ servers: `127.0.0.1:${(await freePorts(1))[0]}`, properties: {} }),
    exit: 3,
    says: /connection refused at 127\.0\.0\.1:\d+/,
    advises: /port/,
  },
  {
    what: 'no route to the address',
    // The discard-only prefix of IPv6: there is no route to it, or packets to it are dropped.
    plan: () => both({ servers: '[100::1]:9094', properties: secure.properties('TLS') }),
    exit: 3,
    says: /can't connect to \[100::1\]:9094/,
    advises: /security group/,
  },
  {
    what: 'connected, and no answer',
    plan: () => {
      const address = silent.address();
      return both({
        servers: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
        properties: {},
      });
    },
    exit: 3,
    says: /the broker does not answer/,
    advises: /broker/,
  },
  {
    what: 'advertised listener that is not reachable',
    plan: () => both(at('ADRIFT')),
    exit: 3,
    says: new RegExp(
      'answers and sends clients to this address, which it advertises, but which ' +
        "can't be reached: broker\\.invalid:\\d+: .*can't be resolved",
    ),
    advises: /advertised\.listeners/,
  },
  {
    what: "two clusters: only the consumer's one fails",
    plan: () => ({ consumer: at('EXPIRED'), producer: at('TLS') }),
    exit: 8,
    says: /^the consumer can't connect: .*expired/,
    advises: /renew/,
  },
  {
    what: 'no right to see the input topic',
    plan: () => ({ consumer: limited(), producer: at('TLS'), topic: 'hidden', group: 'granted' }),
    exit: 8,
    says: /User:limited, the user of the consumer, has no right to READ on topic hidden/,
    advises: /kafka-acls\.sh .*--allow-principal User:limited --operation Read --topic hidden/,
  },
  {
    what: 'no right to the group',
    plan: () => ({ consumer: limited(), producer: at('TLS'), group: 'forbidden' }),
    exit: 8,
    says: /User:limited, .* has no right to READ on group forbidden/,
    advises: /kafka-acls\.sh .*--operation Read --group forbidden/,
  },
  {
    what: 'no right to see the output topic',
    plan: () => ({ consumer: at('TLS'), producer: limited(), output: 'hidden' }),
    exit: 8,
    says: /User:limited, the user of the producer, has no right to WRITE on topic hidden/,
    advises: /--operation Write --topic hidden/,
  },
  {
    what: 'no right to write to the output topic',
    plan: () => ({ consumer: at('TLS'), producer: limited(), output: 'unwritable' }),
    exit: 8,
    says: /User:limited, the user of the producer, has no right to WRITE on topic unwritable/,
    advises: /--operation Write --topic unwritable/,
  },
];

function folderOf(plan: Plan, group: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kd-faults-'));
  folders.push(folder);
  const side = ({ servers, properties }: Side): object => ({ 'bootstrap-servers': servers, properties });
  const config = {
    kafka: {
      consumer: {
        ...side(plan.consumer ?? at('PLAIN')),
        'group-id': plan.group ?? group,
        topics: [plan.topic ?? 'in'],
      },
      producer: { ...side(plan.producer ?? at('PLAIN')), topic: plan.output ?? 'out' },
    },
    dispatcher: { threads: 1, 'commit-interval': '200ms' },
  };
  writeFileSync(join(folder, 'kd.yml'), JSON.stringify(config, null, 2));
  return folder;
}

interface Told {
  readonly result: KdResult;
  readonly summary: Summary;
  readonly elapsedMs: number;
}

async function run(plan: Plan, group: string): Promise<Told> {
  const startedMs = performance.now();
  const kd = spawnKd(['run', '--until', 'forever', '-o', 'json'], { cwd: folderOf(plan, group) });
  const timer = setTimeout(() => kd.kill('SIGKILL'), 60_000);
  const result = await kd.ended;
  clearTimeout(timer);
  const elapsedMs = Math.round(performance.now() - startedMs);
  return { result, summary: lastJson(result.stdout) as Summary, elapsedMs };
}

function judge({ what, exit, says, advises }: Omit<Case, 'plan'>, { result, summary }: Told): string[] {
  const { message, remedy } = summary.reason;
  const wrong: string[] = [];
  if (result.code !== exit) wrong.push(`exit ${result.code} instead of ${exit}`);
  if (!says.test(message)) wrong.push(`does not say ${says.source}: ${message}`);
  if (!advises.test(remedy ?? '')) wrong.push(`does not advise ${advises.source}: ${remedy ?? ''}`);
  if (summary.elapsedSeconds * 1000 >= TOLD_WITHIN_MS) wrong.push(`took ${summary.elapsedSeconds} s`);
  const said = result.stderr + result.stdout;
  for (const secret of [CANARY, USERS.admin.password, USERS.limited.password, 'PRIVATE KEY']) {
    if (said.includes(secret)) wrong.push(`shows ${secret}`);
  }
  if (/routines|rdkafka#/.test(message)) wrong.push(`quotes librdkafka: ${message}`);
  return wrong.map(
    (text) =>
      `${what}: ${text}${wrong.length > 0 && result.code !== exit ? `\n${result.stderr.slice(-1500)}` : ''}`,
  );
}

test('every fault is reported within 10 s, as one message with its remedy, by its exit code', async (t) => {
  const rows: string[] = [];
  const wrong: string[] = [];
  const numbered = CASES.map((one, index) => ({ one, index }));
  const work = async (waiting: typeof numbered): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { one, index } = next;
      const told = await run(await one.plan(), `group-${index}`);
      wrong.push(...judge(one, told));
      const process = (told.elapsedMs / 1000).toFixed(1);
      const own = told.summary.elapsedSeconds.toFixed(1);
      rows.push(
        `${one.what} | exit ${told.result.code} | ${own} s (with the start of the process ${process} s) ` +
          `| ${told.summary.reason.message}`,
      );
    }
  };
  // Runs that retry for a while mostly wait.
  const patient = numbered.filter(({ one }) => one.exit === 3);
  const quick = numbered.filter(({ one }) => one.exit === 8);
  await Promise.all([patient, quick].flatMap((cases) => Array.from({ length: AT_ONCE }, () => work(cases))));
  for (const row of rows) t.diagnostic(row);
  assert.deepEqual(wrong, []);
});

test('rights that are revoked during a run end it within 10 s, with a message that names them', async (t) => {
  const { tool } = secure.cluster;
  const group = 'taken';
  const kd = spawnKd(['run', '--until', 'forever', '-o', 'json'], {
    cwd: folderOf({ consumer: limited(), producer: at('TLS'), group }, group),
  });
  await kd.waitFor(/assigned/);
  await tool.send('in', [{ value: Buffer.from('two') }]);
  await tool.revoke(USERS.limited.name, [{ resource: 'group', name: group, operations: ['READ'] }]);
  const revokedMs = performance.now();
  // Records keep coming: the next commit shows that the right is missing.
  const ended = kd.ended;
  const over = ended.then(() => true);
  while (
    performance.now() - revokedMs < 2 * TOLD_WITHIN_MS &&
    !(await Promise.race([over, sleep(100, false)]))
  ) {
    await tool.send('in', [{ value: Buffer.from('more') }]);
  }
  kd.kill('SIGKILL');
  const result = await ended;
  const elapsedMs = Math.round(performance.now() - revokedMs);
  const { message } = (lastJson(result.stdout) as Summary).reason;
  t.diagnostic(
    `group rights revoked during a run | exit ${result.code} | ` +
      `${(elapsedMs / 1000).toFixed(1)} s | ${message}`,
  );
  assert.equal(result.code, 8, result.stderr.slice(-2000));
  assert.match(message, /User:limited, .* has no right to READ on group taken/);
  assert.ok(elapsedMs < TOLD_WITHIN_MS);
});

test("with debug, librdkafka's own log lines are still there", async () => {
  const kd = spawnKd(['run', '-v', '-o', 'json'], { cwd: folderOf(both(at('EXPIRED')), 'debug') });
  const { code, stderr } = await kd.ended;
  assert.equal(code, 8);
  assert.match(stderr, /certificate verify failed/);
});
