/** The limits that control groups (v1 and v2) set for this process, and the CPUs that it may run on. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ContainerLimits {
  /** Number of cores; 1.5 is one and a half. */
  readonly cpus: number | undefined;
  readonly memoryBytes: number | undefined;
  /** The groups that set these limits, as the process sees them. */
  readonly cpuGroup?: string | undefined;
  readonly memoryGroup?: string | undefined;
}

/** The text of a file; undefined where it can't be read. */
export type ReadText = (path: string) => string | undefined;

const ROOT = '/sys/fs/cgroup';
const GROUP_DEPTH_MAX = 32;
/** Control groups without a limit report a number larger than any machine's memory. */
const LIMIT_BYTES_MAX = 2 ** 52;

interface Limit {
  readonly value: number;
  readonly group: string;
}

/** The tightest limit of the group and all groups above it. */
export function containerLimits(read: ReadText): ContainerLimits {
  const cpus: Limit[] = [];
  const memory: Limit[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const [, controllers = '', group = '/'] = match;
    const names = controllers.split(',');
    for (const [folder, path] of groupsUpwards(join(ROOT, controllers), group)) {
      const found = (values: readonly number[]): readonly Limit[] =>
        values.map((value) => ({ value, group: path }));
      const bytesOf = (file: string): readonly Limit[] => found(positive(read(join(folder, file))));
      if (controllers === '') {
        cpus.push(...found(ratio(read(join(folder, 'cpu.max')))));
        // Above memory.high the kernel slows the process down until it hardly moves.
        memory.push(...bytesOf('memory.max'), ...bytesOf('memory.high'));
      }
      if (names.includes('cpu')) {
        const quota = read(join(folder, 'cpu.cfs_quota_us'));
        cpus.push(...found(ratio(`${quota ?? ''} ${read(join(folder, 'cpu.cfs_period_us')) ?? ''}`)));
      }
      if (names.includes('memory')) memory.push(...bytesOf('memory.limit_in_bytes'));
    }
  }
  const [cpu, bytes] = [least(cpus), least(memory.filter(({ value }) => value < LIMIT_BYTES_MAX))];
  return {
    cpus: cpu?.value,
    memoryBytes: bytes?.value,
    ...(cpu === undefined ? {} : { cpuGroup: cpu.group }),
    ...(bytes === undefined ? {} : { memoryGroup: bytes.group }),
  };
}

/** The CPUs of `taskset`, of systemd's CPUAffinity and of cpusets; undefined where it is not known. */
export function allowedCores(read: ReadText): number | undefined {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  if (list === undefined) return undefined;
  let count = 0;
  for (const range of list.split(',')) {
    const [from, to = from] = range.split('-').map(Number);
    count += Number(to) - Number(from) + 1;
  }
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

/** In a container the host's group is often not mounted; then only the mount point itself counts. */
function groupsUpwards(mount: string, group: string): readonly (readonly [folder: string, path: string])[] {
  const found: [string, string][] = [];
  let path = group;
  while (path !== '/' && found.length < GROUP_DEPTH_MAX) {
    found.push([join(mount, path), path]);
    path = dirname(path);
  }
  return [...found, [mount, '/']];
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

function least(limits: readonly Limit[]): Limit | undefined {
  return limits.reduce<Limit | undefined>(
    (tightest, one) => (tightest === undefined || one.value < tightest.value ? one : tightest),
    undefined,
  );
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not on Linux, no such group, or no permission to read it: no limit is known.
    return undefined;
  }
}
