/** New configurations, certificates and secrets while records flow: nothing lost, nothing doubled, the order kept. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Summary } from '../../src/cli/summary.js';
import type { Recipe } from '../support/java-tool.js';
import { type KdProcess, lastJson } from '../support/kd.js';
import { type SecureCluster, startSecureCluster } from '../support/secure-cluster.js';
import { assertExact, assertLaw, Job } from './job.js';
import { arrived, eventually } from './waiting.js';

const PARTITIONS = 4;
const RELOADS = 20;

let secure: SecureCluster;
before(async () => {
  secure = await startSecureCluster();
});
after(async () => {
  await secure.cluster.stop();
});

function recipe(seed: number, records: number): Recipe {
  return { seed, records, partitions: PARTITIONS, keys: 'mixed', headers: true, holes: true, bytesMin: 20, bytesMax: 300 };
}

/** Something that clients are made from; a comment would not do. */
function setLinger(job: Job, lingerMs: number): void {
  const path = join(job.folder, 'kd.yml');
  const config = JSON.parse(readFileSync(path, 'utf8')) as { kafka: { producer: { properties: Record<string, string> } } };
  config.kafka.producer.properties = { 'linger.ms': String(lingerMs) };
  writeFileSync(path, JSON.stringify(config, null, 2));
}

interface Status {
  readonly reloads: { readonly count: number; readonly switching: boolean; readonly rejected: string | null };
  readonly certificates: readonly { readonly subject: string; readonly daysLeft: number }[];
}

const RELOAD_TIMEOUT_MS = 20_000;

/** A job that runs for ever, and what it says of itself. */
class Running {
  readonly kd: KdProcess;
  private readonly url: string;
  /** How often /readyz said no. */
  unready = 0;

  private constructor(kd: KdProcess, url: string) {
    this.kd = kd;
    this.url = url;
  }

  static async start(job: Job): Promise<Running> {
    const kd = job.spawn(['--until', 'forever', '--set', 'server.port=0']);
    const [, url = ''] = await kd.waitFor(/(http:\/\/127\.0\.0\.1:[1-9]\d*)/);
    const running = new Running(kd, url);
    await eventually('it is ready', async () => (await fetch(`${url}/readyz`)).status === 200);
    return running;
  }

  async status(): Promise<Status> {
    return (await (await fetch(`${this.url}/status`)).json()) as Status;
  }

  async reloaded(times: number): Promise<void> {
    const done = async (): Promise<boolean> => {
      if ((await fetch(`${this.url}/readyz`)).status === 503) this.unready += 1;
      return (await this.status()).reloads.count >= times;
    };
    await eventually(`${times} reloads`, done, RELOAD_TIMEOUT_MS);
  }
}

async function stopped(kd: KdProcess, code = 0): Promise<Summary> {
  kd.kill('SIGTERM');
  const result = await kd.ended;
  assert.equal(result.code, code, result.stderr.slice(-4000));
  const summary = lastJson(result.stdout) as Summary;
  assertLaw(summary);
  return summary;
}

interface Footprint {
  readonly rssBytes: number;
  readonly threads: number;
  readonly files: number;
}

function footprint(kd: KdProcess): Footprint {
  const folder = `/proc/${kd.pid ?? 0}`;
  const status = readFileSync(join(folder, 'status'), 'utf8');
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { rssBytes: number('VmRSS') * 1024, threads: number('Threads'), files: readdirSync(join(folder, 'fd')).length };
}

test('20 reloads by SIGHUP while records flow: nothing lost, nothing twice, in order, and neither memory nor handles grow', async () => {
  const { cluster } = secure;
  const flow = recipe(41, 60_000);
  const job = await Job.create({ cluster, partitions: PARTITIONS, dispatcher: { 'reload-interval': '0s', threads: 1 } });
  const running = await Running.start(job);
  const { kd } = running;
  const produced = cluster.tool.produce({ topic: job.input, recipe: flow, perSecond: 5_000 });
  const seen: Footprint[] = [];
  for (let n = 1; n <= RELOADS; n++) {
    setLinger(job, n);
    // A second wish for the same changes nothing.
    kd.kill('SIGHUP');
    kd.kill('SIGHUP');
    await running.reloaded(n);
    seen.push(footprint(kd));
  }
  await produced;
  await eventually('all has arrived', async () => (await arrived(job, job.output)) === flow.records);
  const { reloads, certificates } = await running.status();
  assert.deepEqual(reloads, { count: RELOADS, switching: false, rejected: null });
  assert.deepEqual(certificates, []);
  const summary = await stopped(kd);
  const { consumed, transformed, unsettled, retried } = summary.records;
  assert.deepEqual([consumed, transformed, unsettled, retried], [flow.records, flow.records, 0, 0]);
  assert.equal(summary.reloads, RELOADS);
  assert.deepEqual(summary.redelivery, []);
  assertExact(await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true }));
  assert.equal(await job.committed(), flow.records);
  assert.ok(running.unready > 0, '/readyz said no while clients were made anew');
  console.log(JSON.stringify(seen));
  job.remove();
});
