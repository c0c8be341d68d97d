// @alone
/**
 * 24 pipelines in one process, one poisoned, one stalled: the other 22 keep their rate. The input has a pace,
 * so that keeping the rate means: all that comes is settled as it comes, whatever the machine can do.
 */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { eventually } from '../../integration/waiting.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { saying } from '../support.js';
import { Fleet, type PipelineSpec, type Window } from './fleet.js';

const HEALTHY = 22;
const PER_SECOND = 20;
const SECONDS = 20;
/**
 * In every round each healthy pipeline settles this part of what it is sent, and is never behind by more than
 * this many seconds of it, the reload that brings the faults included. Each fault holds its own pipeline up
 * for much longer: 30 s of a function's time, or for as long as the brokers are away.
 */
const SETTLED_MIN = 0.9;
const BEHIND_SECONDS_MAX = 5;

/** Accepts connections and never answers: what a firewall or a stopped process looks like. */
async function silentServer(): Promise<{ readonly address: string; readonly close: () => void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    address: `127.0.0.1:${address.port}`,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const THROWS: PipelineSpec = { transform: 'export default () => { throw new Error("poison"); };\n' };
const DIES: PipelineSpec = { transform: 'export default () => process.exit(1);\n' };
const NEVER_ENDS: PipelineSpec = { transform: 'export default () => new Promise(() => {});\n' };
const SPINS: PipelineSpec = { transform: 'export default () => { for (;;); };\n' };
const elsewhere = (servers: string): PipelineSpec => ({
  transform: 'export default (value) => value;\n',
  producer: { 'bootstrap-servers': servers },
});

const silent = await silentServer();
after(() => silent.close());

interface Round {
  readonly what: string;
  readonly poisoned: PipelineSpec;
  readonly stalled: readonly PipelineSpec[];
}

const ROUNDS: readonly Round[] = [
  {
    what: 'one throws on every record, one never ends',
    poisoned: THROWS,
    stalled: [NEVER_ENDS],
  },
  {
    what: "one's worker dies of every record, one never lets go of its thread",
    poisoned: DIES,
    stalled: [SPINS],
  },
  {
    what: "one's worker dies of every record, one's output refuses connections",
    poisoned: DIES,
    stalled: [elsewhere('127.0.0.1:1')],
  },
  {
    what: "one throws on every record, one's output never answers",
    poisoned: THROWS,
    stalled: [elsewhere(silent.address)],
  },
  {
    what: "one's worker dies of every record, the outputs of six never answer",
    poisoned: DIES,
    stalled: Array.from({ length: 6 }, () => elsewhere(silent.address)),
  },
];

function told(what: string, windows: readonly Window[], cpuMs: number): string {
  const sum = (of: (one: Window) => number): number => windows.reduce((all, one) => all + of(one), 0);
  const behind = Math.max(...windows.map(({ behindMax }) => behindMax));
  return (
    `${what}: ${windows.length} pipelines, sent ${sum(({ sent }) => sent)}, settled ` +
    `${sum(({ settled }) => settled)}, furthest behind ${behind} records, ` +
    `${Math.round(cpuMs)} ms of processor time; by the second: ` +
    (windows[0]?.behind ?? [])
      .map((_, second) => Math.max(...windows.map((one) => one.behind[second] ?? 0)))
      .join(' ')
  );
}

test('of 24 pipelines one is poisoned and one stalled, and the other 22 keep their rate', async (context) => {
  const fleet = await Fleet.create(await sharedCluster());
  try {
    await apart(fleet, (text) => context.diagnostic(text));
  } finally {
    await fleet.end();
  }
});

async function apart(fleet: Fleet, say: (text: string) => void): Promise<void> {
  const healthy = Array.from({ length: HEALTHY }, (_, index) => `ok${index}`);
  for (const name of healthy) await fleet.add(name);
  const startMs = await fleet.start();
  say(`22 ready after ${Math.round(startMs)} ms, ${JSON.stringify(fleet.usage())}`);
  await saying([fleet.kd], async () => {
    fleet.begin(PER_SECOND);
    const observe = async (what: string): Promise<void> => {
      const before = fleet.usage().cpuMs;
      const windows = await fleet.watch(healthy, SECONDS);
      say(told(what, windows, fleet.usage().cpuMs - before));
      for (const { name, sent, settled, behindMax } of windows) {
        assert.ok(settled >= SETTLED_MIN * sent, `${what}: ${name} settled ${settled} of ${sent}`);
        assert.ok(behindMax <= BEHIND_SECONDS_MAX * PER_SECOND, `${what}: ${name} is ${behindMax} behind`);
      }
    };
    await observe('alone');
    for (const [number, { what, poisoned, stalled }] of ROUNDS.entries()) {
      const bad = [poisoned, ...stalled].map((spec, index) => ({ name: `bad${number}-${index}`, spec }));
      for (const { name, spec } of bad) await fleet.add(name, spec);
      fleet.reload();
      await observe(what);
      for (const { name } of bad) {
        assert.ok(fleet.sent(name) > 0);
        assert.equal(
          (await fleet.section(name))?.records?.transformed,
          0,
          `${name} is as bad as it should be`,
        );
      }
      for (const { name } of bad) fleet.remove(name);
      fleet.reload();
    }
    await fleet.endInput();
    await eventually('all is settled', () => fleet.settled(healthy));
    fleet.kd.kill('SIGTERM');
    const { code, stderr } = await fleet.kd.ended;
    assert.equal(code, 0, stderr.slice(-3_000));
  });
}
