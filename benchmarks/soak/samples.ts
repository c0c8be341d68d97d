/** What the kernel and the run itself say of its resources, at an interval. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { MIB } from '../tables.js';
import type { Scraper } from './scraper.js';

export const COLUMNS = [
  'seconds',
  'rssMib',
  'heapMib',
  'externalMib',
  'files',
  'threads',
  'handles',
  'records',
  'reloads',
  'brokerRestarts',
] as const;
export type Sample = Readonly<Record<(typeof COLUMNS)[number], number>>;

/** Counts that only the soak itself knows. */
export interface Done {
  reloads: number;
  brokerRestarts: number;
}

export class Sampler {
  readonly all: Sample[] = [];
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: { pid: number; scraper: Scraper; done: Done; seconds: number; file: string }) {
    const { pid, scraper, done, seconds, file } = parts;
    writeFileSync(file, `${COLUMNS.join(',')}\n`);
    this.#timer = setInterval(() => {
      const sample = this.#take(pid, scraper, done);
      if (sample === undefined) return;
      this.all.push(sample);
      appendFileSync(file, `${COLUMNS.map((name) => sample[name]).join(',')}\n`);
    }, seconds * 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Undefined once the process has ended. */
  #take(pid: number, scraper: Scraper, done: Done): Sample | undefined {
    const status = statusOf(pid);
    if (status === undefined) return undefined;
    const mib = (name: string): number => Number(((scraper.of(name) ?? 0) / MIB).toFixed(2));
    return {
      seconds: Math.round((performance.now() - this.#startMs) / 1_000),
      ...status,
      heapMib: mib('nodejs_heap_size_used_bytes'),
      externalMib: mib('nodejs_external_memory_bytes'),
      handles: scraper.sumOf('nodejs_active_resources'),
      records: scraper.of('kd_records_consumed_total') ?? 0,
      ...done,
    };
  }
}

function statusOf(pid: number): Pick<Sample, 'rssMib' | 'threads' | 'files'> | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    return {
      rssMib: Number((field('VmRSS') / 1024).toFixed(2)),
      threads: field('Threads'),
      files: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch {
    return undefined;
  }
}
