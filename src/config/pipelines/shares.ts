/** Divides what the process may use among its pipelines, by weight. */

import type { Layer } from '../layers/layers.js';
import { type Entry, emptyLayer } from '../layers/layers.js';
import type { Loaded } from '../load.js';
import type { ContainerLimits } from '../resolve/control-groups.js';
import { autoThreads } from '../resolve/machine.js';
import {
  limitWords,
  type MemoryUse,
  PORTIONS,
  portion,
  QUEUE_PROPERTY,
  workerHeap,
} from '../resolve/memory.js';
import type { Problems } from '../text/problem.js';
import { formatSize } from '../text/units.js';

const KIB = 1_024;

const IN_FLIGHT = 'dispatcher.in-flight.bytes-max';
const THREADS = 'dispatcher.threads';
const HEAP = 'dispatcher.worker-heap-max';

/** The share of one pipeline; undefined: the user has set it. */
export interface Share {
  readonly inFlightBytes: number | undefined;
  readonly queueBytes: number | undefined;
  readonly threads: number | undefined;
  readonly workerHeapBytes: number | undefined;
  /** For `config show --origin`; KEY is the key of the budget. */
  readonly words: string;
  readonly heapWords: string;
}

export interface Member {
  readonly name: string;
  readonly loaded: Loaded;
}

/** `granted`: the shares of pipelines that run; they stay, and new ones get what is left. */
export function sharesOf(
  members: readonly Member[],
  granted: ReadonlyMap<string, Share>,
  problems: Problems,
): ReadonlyMap<string, Share> {
  const budget = budgetOf(members, granted);
  const weights = members.map(({ loaded }) => weightOf(loaded));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const all = new Map<string, Share>();
  const inFlight = divide('inFlightBytes', budget, { members, granted }, problems);
  const queue = divide('queueBytes', budget, { members, granted }, problems);
  const limits = limitsOf(members);
  const threadsOf = ({ loaded }: Member, index: number): number | undefined =>
    loaded.details.settings.get('dispatcher.pool') === 'own' || setNumber(loaded, THREADS) !== undefined
      ? undefined
      : Math.max(1, Math.ceil((budget.threads * (weights[index] ?? 1)) / sum));
  const uses = members.map((member, index): MemoryUse => {
    const { loaded, name } = member;
    const before = granted.get(name);
    return {
      inFlightBytes: setBytes(loaded, 'inFlightBytes') ?? before?.inFlightBytes ?? inFlight.get(name) ?? 0,
      queueBytes: setBytes(loaded, 'queueBytes') ?? before?.queueBytes ?? queue.get(name) ?? 0,
      threads: setNumber(loaded, THREADS) ?? threadsOf(member, index) ?? autoThreads(limits).threads,
    };
  });
  const heap = limits.memoryBytes === undefined ? undefined : workerHeap(limits.memoryBytes, uses);
  members.forEach(({ name, loaded }, index) => {
    const weight = weights[index] ?? 1;
    const words = `its share of budget.KEY, weight ${weight} of ${sum}`;
    const fresh = {
      inFlightBytes: inFlight.get(name),
      queueBytes: queue.get(name),
      threads: threadsOf({ name, loaded }, index),
      workerHeapBytes: setNumber(loaded, HEAP) === undefined ? heap : undefined,
      heapWords: `default: auto, ${limitWords(limits)}, workers of all pipelines`,
      words,
    };
    all.set(name, granted.get(name) ?? fresh);
  });
  return all;
}

/** Worker threads that may compute at the same time. */
export function budgetThreads(members: readonly Member[]): number {
  return budgetOf(members).threads;
}

export function shareLayer(share: Share): Layer {
  const { inFlightBytes, queueBytes, threads, workerHeapBytes, words } = share;
  const layer = emptyLayer();
  const entry = <Value>(value: Value, key: string): Entry<Value> => ({
    value,
    origin: { kind: 'built-in', by: words.replace('KEY', key) },
    secret: false,
  });
  if (inFlightBytes !== undefined) layer.fields.set(IN_FLIGHT, entry(inFlightBytes, 'in-flight-bytes'));
  if (threads !== undefined) layer.fields.set(THREADS, entry(threads, 'threads'));
  if (workerHeapBytes !== undefined)
    layer.fields.set(HEAP, {
      ...entry(workerHeapBytes, ''),
      origin: { kind: 'built-in', by: share.heapWords },
    });
  const kib = String(Math.floor((queueBytes ?? 0) / KIB));
  if (queueBytes !== undefined)
    layer.properties['kafka.consumer.properties'].set(QUEUE_PROPERTY, entry(kib, 'queue-bytes'));
  return layer;
}

type Resource = 'inFlightBytes' | 'queueBytes';

const RESOURCES = {
  inFlightBytes: { key: 'budget.in-flight-bytes', ...PORTIONS.inFlightBytes },
  queueBytes: { key: 'budget.queue-bytes', ...PORTIONS.queueBytes },
} as const;

/** What is set or granted is taken as it is; the rest is divided, at most `max` and at least `min` each. */
function divide(
  resource: Resource,
  budget: Budget,
  { members, granted }: { readonly members: readonly Member[]; readonly granted: ReadonlyMap<string, Share> },
  problems: Problems,
): ReadonlyMap<string, number> {
  const { key, min, max } = RESOURCES[resource];
  const total = budget[resource];
  const taken = takenOf(resource, members, granted);
  const open = members.filter((member) => fixedOf(resource, member, granted) === undefined);
  const left = total - taken;
  if (left < open.length * min) {
    problems.error(
      members[0]?.loaded.details.settings.origin(key),
      key,
      `is ${formatSize(total)}: ${formatSize(taken)} are taken, and ${open.length} pipelines need ` +
        `${formatSize(min)} each`,
      'raise it, or lower what single pipelines set',
    );
    return new Map();
  }
  const sum = open.reduce((weights, { loaded }) => weights + weightOf(loaded), 0);
  const spare = left - open.length * min;
  return new Map(
    open.map(({ name, loaded }) => {
      const bytes = min + (spare * weightOf(loaded)) / sum;
      return [name, Math.min(max, Math.floor(bytes / KIB) * KIB)];
    }),
  );
}

/** What the user has set, or a pipeline that runs has; undefined: its share is still open. */
function fixedOf(
  resource: Resource,
  { name, loaded }: Member,
  granted: ReadonlyMap<string, Share>,
): number | undefined {
  return setBytes(loaded, resource) ?? granted.get(name)?.[resource];
}

function takenOf(
  resource: Resource,
  members: readonly Member[],
  granted: ReadonlyMap<string, Share>,
): number {
  return members.reduce((sum, member) => sum + (fixedOf(resource, member, granted) ?? 0), 0);
}

interface Budget {
  readonly inFlightBytes: number;
  readonly queueBytes: number;
  readonly threads: number;
}

/**
 * `auto` is never less than what is set or granted, and the least for the others: a pipeline can be added to
 * others that use all of it.
 */
function budgetOf(members: readonly Member[], granted: ReadonlyMap<string, Share> = new Map()): Budget {
  const settings = members[0]?.loaded.details.settings;
  const limits = limitsOf(members);
  const bytes = (resource: Resource): number => {
    const { key, min } = RESOURCES[resource];
    const given = settings?.get(key) ?? 'auto';
    if (given !== 'auto') return given;
    const taken = takenOf(resource, members, granted);
    const open = members.filter((member) => fixedOf(resource, member, granted) === undefined).length;
    return Math.max(taken + open * min, portion(resource, members.length, limits.memoryBytes));
  };
  const threads = settings?.get('budget.threads') ?? 'auto';
  return {
    inFlightBytes: bytes('inFlightBytes'),
    queueBytes: bytes('queueBytes'),
    threads: threads === 'auto' ? autoThreads(limits).threads : threads,
  };
}

function weightOf({ details }: Loaded): number {
  return details.settings.get('dispatcher.weight');
}

function setBytes(loaded: Loaded, resource: Resource): number | undefined {
  const { clients } = loaded.details;
  if (resource === 'inFlightBytes') return setNumber(loaded, IN_FLIGHT);
  const entry = clients.consumer.get(QUEUE_PROPERTY);
  return entry === undefined || entry.origin.kind === 'built-in' ? undefined : Number(entry.value) * KIB;
}

/** What the user has set, other than `auto`. */
function setNumber(
  { details: { settings } }: Loaded,
  key: typeof IN_FLIGHT | typeof HEAP | typeof THREADS,
): number | undefined {
  const { kind } = settings.origin(key);
  const value = settings.get(key);
  return kind === 'default' || kind === 'built-in' || value === 'auto' ? undefined : value;
}

function limitsOf(members: readonly Member[]): ContainerLimits {
  return members[0]?.loaded.details.limits ?? { cpus: undefined, memoryBytes: undefined };
}
