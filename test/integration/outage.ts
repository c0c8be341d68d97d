/** What `/readyz` says through an outage, and whether that is so. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KdProcess } from '../support/kd.js';
import type { Job } from './job.js';
import { eventually } from './waiting.js';

/** The answer of /readyz, and the partitions owned according to /status at the same moment. */
interface Look {
  readonly atMs: number;
  readonly ready: boolean;
  readonly why: string;
  readonly owned: number;
}

export class Looks {
  readonly all: Look[] = [];
  #over = false;
  readonly #startMs = performance.now();
  readonly #looking: Promise<void>;

  constructor(url: string) {
    this.#looking = this.#look(url);
  }

  get nowMs(): number {
    return performance.now() - this.#startMs;
  }

  async end(): Promise<readonly Look[]> {
    this.#over = true;
    await this.#looking;
    return this.all;
  }

  async #once(url: string): Promise<Omit<Look, 'atMs'>> {
    const [status, ready] = await Promise.all([fetch(`${url}/status`), fetch(`${url}/readyz`)]);
    const { owned } = (await status.json()) as { owned: number };
    const { why = '' } = (await ready.json()) as { why?: string };
    return { ready: ready.ok, why, owned };
  }

  async #look(url: string): Promise<void> {
    while (!this.#over) {
      const atMs = Math.round(this.nowMs);
      const look = await this.#once(url).catch(() => undefined);
      // A connection that a frozen process left behind.
      if (look !== undefined) this.all.push({ atMs, ...look });
      await sleep(200);
    }
  }
}

/** Where the endpoints of a run listen that was started with server.port=0. */
export async function urlOf(kd: KdProcess): Promise<string> {
  const [, url = ''] = await kd.waitFor(/(http:\/\/127\.0\.0\.1:[1-9]\d*)/);
  return url;
}

/** Never ready without partitions; not ready from `fromMs` on; ready with all partitions at the end. */
function assertTrue(
  looks: readonly Look[],
  outage: { fromMs: number; toMs: number; readyInMs: number },
): void {
  const told = looks.map(({ atMs, ready, owned, why }) => `${atMs} ${ready} ${owned} ${why}`).join('\n');
  for (const { ready, owned } of looks.filter(({ atMs }) => atMs > 2_000))
    assert.ok(!ready || owned > 0, `ready without partitions\n${told}`);
  const during = looks.filter(({ atMs }) => atMs > outage.fromMs && atMs < outage.toMs);
  assert.ok(during.length > 0 && during.every(({ ready }) => !ready), `ready in the outage\n${told}`);
  const back = looks.find(({ atMs, ready }) => atMs > outage.toMs && ready);
  assert.ok(back !== undefined && back.atMs < outage.toMs + outage.readyInMs, `ready too late\n${told}`);
}

export async function outage(
  job: Job,
  options: {
    down: () => Promise<void> | void;
    up: () => Promise<void> | void;
    downMs: number;
    graceMs: number;
  },
): Promise<string> {
  const kd = job.spawn(['--until', 'forever', '--set', 'server.port=0']);
  const url = await urlOf(kd);
  await kd.waitFor(/"message":"assigned"/);
  const looks = new Looks(url);
  await sleep(1_000);
  await options.down();
  const fromMs = looks.nowMs + options.graceMs;
  await sleep(options.downMs);
  await options.up();
  const toMs = looks.nowMs;
  await eventually('it is ready again', () => looks.all.at(-1)?.ready === true, 20_000).catch(
    () => undefined,
  );
  kd.kill('SIGTERM');
  const all = await looks.end();
  const { code, stderr } = await kd.ended;
  assertTrue(all, { fromMs, toMs, readyInMs: 12_000 });
  assert.equal(code, 0, stderr);
  return stderr;
}
