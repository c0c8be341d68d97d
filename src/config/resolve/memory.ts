/**
 * What a memory limit means for queues and workers: one plan, whether a process has one pipeline or several.
 * Without a limit every value is the largest one, which is enough for full speed.
 */
import type { ResolvedConfig } from '../keys/resolved.js';
import type { Problems } from '../text/problem.js';
import { formatSize } from '../text/units.js';
import type { ContainerLimits } from './control-groups.js';

const KIB = 1_024;
const MIB = KIB * KIB;

export const QUEUE_PROPERTY = 'queued.max.messages.kbytes';

interface Portion {
  /** For one pipeline. */
  readonly min: number;
  readonly max: number;
  /** For all pipelines together. */
  readonly allMax: number;
  /** One pipeline may have one such part of the limit, and all together a few of them. */
  readonly ofLimit: number;
  readonly allOfLimit: number;
}

export const PORTIONS = {
  inFlightBytes: { min: 2 * MIB, max: 64 * MIB, allMax: 512 * MIB, ofLimit: 16, allOfLimit: 4 },
  queueBytes: { min: MIB, max: 16 * MIB, allMax: 256 * MIB, ofLimit: 32, allOfLimit: 8 },
} as const satisfies Readonly<Record<string, Portion>>;

/** Node, librdkafka and its clients; each further pipeline has clients of its own. Measured: DEPLOY.md. */
const PROCESS_BYTES = 80 * MIB;
const PIPELINE_BYTES = 10 * MIB;
/** A worker beside its heap: stack, code, buffers of the allocator. */
const THREAD_BYTES = 8 * MIB;
const HEAP_MIN = 32 * MIB;
export const HEAP_MAX = 512 * MIB;
/** Young objects have a space of their own beside the old ones that the limit of a heap is for. */
const YOUNG_OF_HEAP = 4;
const YOUNG_MAX = 48 * MIB;

/** What the pipelines may have of one resource, all together. */
export function portion(
  resource: keyof typeof PORTIONS,
  pipelines: number,
  limit: number | undefined,
): number {
  const { min, max, allMax, ofLimit, allOfLimit }: Portion = PORTIONS[resource];
  const bytes = limit ?? Number.POSITIVE_INFINITY;
  const share = Math.min(pipelines / ofLimit, 1 / allOfLimit) * bytes;
  return Math.max(pipelines * min, wholeKib(Math.min(pipelines * max, allMax, share)));
}

/** What takes memory in one pipeline. */
export interface MemoryUse {
  readonly inFlightBytes: number;
  readonly queueBytes: number;
  readonly threads: number;
}

/** `worker-heap-max: auto`: the workers share what queues and clients leave of the limit. */
export function workerHeap(limit: number | undefined, pipelines: readonly MemoryUse[]): number {
  const threads = pipelines.reduce((sum, one) => sum + one.threads, 0);
  if (limit === undefined || threads === 0) return HEAP_MAX;
  const room = (limit - withoutWorkers(pipelines)) / threads - THREAD_BYTES;
  const heap = room < HEAP_MAX + YOUNG_MAX ? room / (1 + 1 / YOUNG_OF_HEAP) : HEAP_MAX;
  return Math.min(HEAP_MAX, Math.max(HEAP_MIN, Math.floor(heap / MIB) * MIB));
}

/** The space for young objects: what V8 takes by itself, or less for a small heap. */
export function youngBytes(heapBytes: number): number {
  return Math.min(YOUNG_MAX, Math.floor(heapBytes / YOUNG_OF_HEAP));
}

/** Of a configuration that is resolved. */
export function memoryUse({ consumer, dispatcher: { inFlight, threads } }: ResolvedConfig): MemoryUse {
  const kib = Number(consumer.properties.get(QUEUE_PROPERTY) ?? 0);
  return { inFlightBytes: inFlight.bytesMax, queueBytes: kib * KIB, threads };
}

/** The limit is that of the process, so this is about all its pipelines together. */
export function checkMemory(
  configs: readonly ResolvedConfig[],
  { memoryBytes, memoryGroup = '/' }: ContainerLimits,
  problems: Problems,
): void {
  const bound = memoryBound(configs);
  if (memoryBytes === undefined || bound <= memoryBytes) return;
  const uses = configs.map(memoryUse);
  const sum = (of: (use: MemoryUse) => number): string =>
    formatMib(uses.reduce((all, use) => all + of(use), 0));
  const threads = uses.reduce((all, use) => all + use.threads, 0);
  const workers = configs.reduce((all, config) => all + workersBytes(config), 0);
  const count = threads === 1 ? '1 worker' : `${threads} workers`;
  problems.warning(
    undefined,
    null,
    `memory may reach ${formatMib(bound)}: process ${formatMib(processBytes(uses.length))}, in flight ` +
      `${sum((use) => use.inFlightBytes)}, fetch queue ${sum((use) => use.queueBytes)}, ${count} ` +
      `${formatMib(workers)}; the limit is ${formatSize(memoryBytes)} (cgroup ${memoryGroup})`,
    'raise the limit, or lower dispatcher.threads, dispatcher.worker-heap-max (at least 32MiB), ' +
      `dispatcher.in-flight.bytes-max or kafka.consumer.properties.${QUEUE_PROPERTY}`,
  );
}

/** What the configurations of one process allow it to take. */
export function memoryBound(configs: readonly ResolvedConfig[]): number {
  const workers = configs.reduce((all, config) => all + workersBytes(config), 0);
  return withoutWorkers(configs.map(memoryUse)) + workers;
}

function workersBytes({ dispatcher: { threads, workerHeapMax } }: ResolvedConfig): number {
  return threads * (workerHeapMax + youngBytes(workerHeapMax) + THREAD_BYTES);
}

function withoutWorkers(pipelines: readonly MemoryUse[]): number {
  const queues = pipelines.reduce(
    (sum, { inFlightBytes, queueBytes }) => sum + inFlightBytes + queueBytes,
    0,
  );
  return processBytes(pipelines.length) + queues;
}

function processBytes(pipelines: number): number {
  return PROCESS_BYTES + PIPELINE_BYTES * (pipelines - 1);
}

/** For `config show --origin`, where the limit decided. */
export function limitWords({ memoryBytes, memoryGroup = '/' }: ContainerLimits): string {
  return `memory limit ${formatSize(memoryBytes ?? 0)}, cgroup ${memoryGroup}`;
}

function wholeKib(bytes: number): number {
  return Math.floor(bytes / KIB) * KIB;
}

function formatMib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)}MiB`;
}
