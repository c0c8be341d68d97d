/** The number of threads that `threads: auto` means here: the machine's cores, limited by the container. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { formatSize } from '../text/units.js';

/** The limits that control groups (v1 and v2) set for this process. */
export interface ContainerLimits {
  /** Number of cores; 1.5 is one and a half. */
  readonly cpus: number | undefined;
  readonly memoryBytes: number | undefined;
}

export interface AutoThreads {
  readonly threads: number;
  /** The reason for the number, for `config show --origin`. */
  readonly origin: string;
}

/** The text of a file; undefined where it can't be read. */
export type ReadText = (path: string) => string | undefined;

const ROOT = '/sys/fs/cgroup';
const GROUP_DEPTH_MAX = 32;
/** A worker: its heap and the blocks it works on. The other half of the memory is for queues and clients. */
const BYTES_PER_THREAD = 64 * 1024 * 1024;
const SHARE_OF_THREADS = 0.5;
/** Control groups without a limit report a number larger than any machine's memory. */
const LIMIT_BYTES_MAX = 2 ** 52;

export function autoThreads(cores = availableParallelism(), limits = containerLimits(readText)): AutoThreads {
  const { cpus = cores, memoryBytes } = limits;
  // One core is left for the main loop and librdkafka.
  const byCores = cores - 1;
  const byCpus = Math.floor(cpus) - 1;
  const byMemory =
    memoryBytes === undefined ? byCores : Math.floor((memoryBytes * SHARE_OF_THREADS) / BYTES_PER_THREAD);
  const threads = Math.max(1, Math.min(byCores, byCpus, byMemory));
  if (memoryBytes !== undefined && byMemory < Math.min(byCores, byCpus))
    return { threads, origin: `by the container's memory limit of ${formatSize(memoryBytes)}` };
  if (byCpus < byCores)
    return { threads, origin: `by the container's CPU quota of ${Number(cpus.toFixed(2))} cores` };
  return { threads, origin: 'cores − 1' };
}

/** The memory limit of this process's container; undefined: there is none. */
export function containerMemoryBytes(): number | undefined {
  return containerLimits(readText).memoryBytes;
}

/** The tightest limit of the group and all groups above it. */
export function containerLimits(read: ReadText): ContainerLimits {
  const cpus: number[] = [];
  const memory: number[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const [, controllers = '', group = '/'] = match;
    const names = controllers.split(',');
    for (const folder of groupsUpwards(join(ROOT, controllers), group)) {
      if (controllers === '') {
        cpus.push(...ratio(read(join(folder, 'cpu.max'))));
        memory.push(...positive(read(join(folder, 'memory.max'))));
      }
      if (names.includes('cpu')) {
        const quota = read(join(folder, 'cpu.cfs_quota_us'));
        cpus.push(...ratio(`${quota ?? ''} ${read(join(folder, 'cpu.cfs_period_us')) ?? ''}`));
      }
      if (names.includes('memory')) memory.push(...positive(read(join(folder, 'memory.limit_in_bytes'))));
    }
  }
  return { cpus: least(cpus), memoryBytes: least(memory.filter((bytes) => bytes < LIMIT_BYTES_MAX)) };
}

/** In a container the host's group is often not mounted; then only the mount point itself counts. */
function groupsUpwards(mount: string, group: string): readonly string[] {
  const folders: string[] = [];
  let path = group;
  while (path !== '/' && folders.length < GROUP_DEPTH_MAX) {
    folders.push(join(mount, path));
    path = dirname(path);
  }
  return [...folders, mount];
}

function ratio(text: string | undefined): readonly number[] {
  const [quota, period] = (text ?? '').trim().split(/\s+/);
  const [parts, whole] = [...positive(quota), ...positive(period)];
  return parts === undefined || whole === undefined ? [] : [parts / whole];
}

/** `max`, −1 and anything else that is not a number mean "no limit". */
function positive(text: string | undefined): readonly number[] {
  const value = /^\d+$/.test((text ?? '').trim()) ? Number(text) : 0;
  return value > 0 ? [value] : [];
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not on Linux, no such group, or no permission to read it: no limit is known.
    return undefined;
  }
}
