/** Divides what the process may use among its pipelines, by weight. */

import type { Layer } from '../layers/layers.js';
import { type Entry, emptyLayer } from '../layers/layers.js';
import type { Loaded } from '../load.js';
import { autoThreads, containerMemoryBytes } from '../resolve/machine.js';
import type { Problems } from '../text/problem.js';
import { formatSize } from '../text/units.js';

const KIB = 1_024;
const MIB = KIB * KIB;

const IN_FLIGHT = 'dispatcher.in-flight.bytes-max';
const THREADS = 'dispatcher.threads';
const QUEUE = 'queued.max.messages.kbytes';

/** What one pipeline gets without a user's word: more makes none faster, less makes batches small. */
const IN_FLIGHT_EACH_MAX = 64 * MIB;
const IN_FLIGHT_EACH_MIN = 2 * MIB;
const QUEUE_EACH_MAX = 16 * MIB;
const QUEUE_EACH_MIN = MIB;
const IN_FLIGHT_AUTO_MAX = 512 * MIB;
const QUEUE_AUTO_MAX = 256 * MIB;
const IN_FLIGHT_OF_MEMORY = 4;
const QUEUE_OF_MEMORY = 8;

/** The share of one pipeline; undefined: the user has set it. */
export interface Share {
  readonly inFlightBytes: number | undefined;
  readonly queueBytes: number | undefined;
  readonly threads: number | undefined;
  /** For `config show --origin`; KEY is the key of the budget. */
  readonly words: string;
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
  const budget = budgetOf(members);
  const weights = members.map(({ loaded }) => weightOf(loaded));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const all = new Map<string, Share>();
  const inFlight = divide('inFlightBytes', budget, { members, granted }, problems);
  const queue = divide('queueBytes', budget, { members, granted }, problems);
  members.forEach(({ name, loaded }, index) => {
    const weight = weights[index] ?? 1;
    const words = `its share of budget.KEY, weight ${weight} of ${sum}`;
    const isOwn = loaded.details.settings.get('dispatcher.pool') === 'own';
    const threads = Math.max(1, Math.ceil((budget.threads * weight) / sum));
    const fresh = {
      inFlightBytes: inFlight.get(name),
      queueBytes: queue.get(name),
      threads: isOwn || isSet(loaded, 'threads') ? undefined : threads,
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

export function shareLayer({ inFlightBytes, queueBytes, threads, words }: Share): Layer {
  const layer = emptyLayer();
  const entry = <Value>(value: Value, key: string): Entry<Value> => ({
    value,
    origin: { kind: 'built-in', by: words.replace('KEY', key) },
    secret: false,
  });
  if (inFlightBytes !== undefined) layer.fields.set(IN_FLIGHT, entry(inFlightBytes, 'in-flight-bytes'));
  if (threads !== undefined) layer.fields.set(THREADS, entry(threads, 'threads'));
  const kib = String(Math.floor((queueBytes ?? 0) / KIB));
  if (queueBytes !== undefined)
    layer.properties['kafka.consumer.properties'].set(QUEUE, entry(kib, 'queue-bytes'));
  return layer;
}

type Resource = 'inFlightBytes' | 'queueBytes';

const RESOURCES = {
  inFlightBytes: { key: 'budget.in-flight-bytes', min: IN_FLIGHT_EACH_MIN, max: IN_FLIGHT_EACH_MAX },
  queueBytes: { key: 'budget.queue-bytes', min: QUEUE_EACH_MIN, max: QUEUE_EACH_MAX },
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
  const fixed = (member: Member): number | undefined =>
    setBytes(member.loaded, resource) ?? granted.get(member.name)?.[resource];
  const taken = members.reduce((sum, member) => sum + (fixed(member) ?? 0), 0);
  const open = members.filter((member) => fixed(member) === undefined);
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

interface Budget {
  readonly inFlightBytes: number;
  readonly queueBytes: number;
  readonly threads: number;
}

/** `auto` is never less than what the user has set for single pipelines, and the least for the others. */
function budgetOf(members: readonly Member[]): Budget {
  const settings = members[0]?.loaded.details.settings;
  const memory = containerMemoryBytes() ?? Number.POSITIVE_INFINITY;
  const bytes = (resource: Resource, limit: number): number => {
    const { key, min, max } = RESOURCES[resource];
    const given = settings?.get(key) ?? 'auto';
    if (given !== 'auto') return given;
    const set = members.reduce((sum, { loaded }) => sum + (setBytes(loaded, resource) ?? 0), 0);
    return Math.max(set + members.length * min, Math.min(members.length * max, Math.floor(limit)));
  };
  const threads = settings?.get('budget.threads') ?? 'auto';
  return {
    inFlightBytes: bytes('inFlightBytes', Math.min(IN_FLIGHT_AUTO_MAX, memory / IN_FLIGHT_OF_MEMORY)),
    queueBytes: bytes('queueBytes', Math.min(QUEUE_AUTO_MAX, memory / QUEUE_OF_MEMORY)),
    threads: threads === 'auto' ? autoThreads().threads : threads,
  };
}

function weightOf({ details }: Loaded): number {
  return details.settings.get('dispatcher.weight');
}

function setBytes(loaded: Loaded, resource: Resource): number | undefined {
  const { settings, clients } = loaded.details;
  if (resource === 'inFlightBytes')
    return isSet(loaded, 'in-flight.bytes-max') ? settings.get(IN_FLIGHT) : undefined;
  const entry = clients.consumer.get(QUEUE);
  return entry === undefined || entry.origin.kind === 'built-in' ? undefined : Number(entry.value) * KIB;
}

function isSet({ details }: Loaded, key: string): boolean {
  const { kind } = details.settings.origin(`dispatcher.${key}`);
  return kind !== 'default' && kind !== 'built-in';
}
