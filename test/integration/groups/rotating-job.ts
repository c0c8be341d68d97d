/** Jobs whose configuration changes while they run. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Summary } from '../../../src/app/summary.js';
import type { Recipe } from '../../support/java/requests.js';
import { type KdProcess, lastJson } from '../../support/kd.js';
import { assertLaw, type Job } from '../job.js';
import { eventually } from '../waiting.js';

export const PARTITIONS = 4;

export function recipe(seed: number, records: number): Recipe {
  return {
    seed,
    records,
    partitions: PARTITIONS,
    keys: 'mixed',
    headers: true,
    holes: true,
    bytesMin: 20,
    bytesMax: 300,
  };
}

/** Changes a setting that clients are created from; a changed comment would create none. */
export function setLinger(job: Job, lingerMs: number): void {
  const path = join(job.folder, 'kd.yml');
  const config = JSON.parse(readFileSync(path, 'utf8')) as {
    kafka: { producer: { properties: Record<string, string> } };
  };
  config.kafka.producer.properties = { 'linger.ms': String(lingerMs) };
  writeFileSync(path, JSON.stringify(config, null, 2));
}

interface Status {
  readonly reloads: { readonly count: number; readonly switching: boolean; readonly rejected: string | null };
  readonly certificates: readonly { readonly subject: string; readonly daysLeft: number }[];
}

const RELOAD_TIMEOUT_MS = 20_000;

/** A job that runs until it is stopped, and what it reports. */
export class Running {
  readonly kd: KdProcess;
  private readonly url: string;
  /** How often /readyz answered "not ready". */
  unready = 0;

  private constructor(kd: KdProcess, url: string) {
    this.kd = kd;
    this.url = url;
  }

  static async start(job: Job, args: readonly string[] = []): Promise<Running> {
    const kd = job.spawn(['--until', 'forever', '--set', 'server.port=0', ...args]);
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

/** Points the job to another listener of the same cluster. */
export function pointTo(job: Job, address: string): void {
  const path = join(job.folder, 'kd.yml');
  const config = JSON.parse(readFileSync(path, 'utf8')) as { kafka: { 'bootstrap-servers': string } };
  config.kafka['bootstrap-servers'] = address;
  writeFileSync(path, JSON.stringify(config, null, 2));
}

export async function stopped(kd: KdProcess): Promise<Summary> {
  kd.kill('SIGTERM');
  return ended(kd);
}

export async function ended(kd: KdProcess): Promise<Summary> {
  const result = await kd.ended;
  assert.equal(result.code, 0, result.stderr.slice(-4000));
  const summary = lastJson(result.stdout) as Summary;
  assertLaw(summary);
  return summary;
}

export const slowly = {
  input: { format: 'raw' },
  threads: 1,
  batch: { 'records-max': 200 },
  'reload-interval': '0s',
};
/** Slow until a file named `go` exists next to it. */
export const SLOW = `import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTransform } from 'kafka-dispatcher';
export default defineTransform({
  async transformBatch(values) {
    if (!existsSync('go')) await sleep(300);
    return values;
  },
});
`;

/** Accepts connections and never answers. */
export async function silentServer(): Promise<{
  readonly address: string;
  readonly connected: () => number;
  readonly close: () => void;
}> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { address: `127.0.0.1:${bound.port}`, connected: () => sockets.size, close };
}
