/** `kd topics list`. */

import { isThere, keyOf, type NeededTopic } from '../../checks/topic-plan.js';
import { JUDGED_SETTINGS } from '../../checks/topic-settings.js';
import type { ClusterAdmin, Settings, TopicDescription } from '../../ports/admin.js';
import { type CliIo, colorsFor } from '../io.js';
import type { KnownTopics } from '../known-topics.js';
import { count } from '../terminal/numbers.js';
import { table } from '../terminal/table.js';

/**
 * The first and last offsets are requested for at most this many partitions: one request per leader, but an
 * entry per partition.
 */
const OFFSETS_PARTITIONS_MAX = 20_000;

interface Row {
  readonly name: string;
  readonly role: string | null;
  readonly exists: boolean;
  readonly partitions: number | null;
  readonly replication: number | null;
  readonly minInSync: number | null;
  readonly cleanup: string | null;
  readonly retentionMs: number | null;
  /** Offsets between the first and the last: an upper bound for the number of records. */
  readonly offsets: number | null;
}

export async function printTopicList(
  known: KnownTopics,
  { all, output, io }: { all?: boolean; output?: string; io: CliIo },
): Promise<void> {
  const everything = all === true || known.facts.needed.length === 0;
  const rows = everything ? await allRows(known) : await neededRows(known);
  if (output === 'json') {
    known.print({ topics: rows });
    return;
  }
  const color = colorsFor(io.stdout, io.env);
  // Without a configuration no topic of the cluster has a role.
  const hasRoles = rows.some(({ role }) => role !== null);
  const heading = [
    'topic',
    ...(hasRoles ? ['role'] : []),
    'parts',
    'repl',
    'min.isr',
    'cleanup',
    'kept',
    'offsets',
  ];
  const lines = rows.map((row) => [
    row.name,
    ...(hasRoles ? [row.role ?? ''] : []),
    ...(row.exists ? cellsOf(row) : ['missing']),
  ]);
  const paint = (text: string, row: number): string =>
    row === 0 ? color.dim(text) : rows[row - 1]?.exists === false ? color.yellow(text) : text;
  io.stdout.write(table([heading, ...lines], { width: io.stdout.columns, paint, longFirst: true }));
}

async function neededRows({ facts, admins }: KnownTopics): Promise<readonly Row[]> {
  return Promise.all(
    facts.needed.map(async (needed) => {
      const topic = facts.found.get(keyOf(needed));
      const offsets = isThere(topic)
        ? await offsetsOf(admins[needed.side], [topic])
        : new Map<string, number>();
      return rowOf(needed.name, needed.role, { topic, settings: facts.settings.get(keyOf(needed)), offsets });
    }),
  );
}

async function allRows({ facts, admins }: KnownTopics): Promise<readonly Row[]> {
  const admin = admins.consumer;
  if (admin === undefined) return [];
  const names = (await admin.topicNames()).filter((name) => !name.startsWith('__')).sort();
  const topics = names.length === 0 ? [] : await admin.describeTopics(names);
  const settings = new Map(
    (await quietly(() => admin.topicSettings(names, [...JUDGED_SETTINGS]), names)).map((one) => [
      one.name,
      one,
    ]),
  );
  const offsets = await offsetsOf(admin, topics.filter(isThere));
  const roleOf = (name: string): NeededTopic['role'] | null =>
    facts.needed.find((needed) => needed.name === name)?.role ?? null;
  return topics.map((topic) =>
    rowOf(topic.name, roleOf(topic.name), { topic, settings: settings.get(topic.name), offsets }),
  );
}

/** Old brokers do not support it, and some users may not ask. */
async function quietly<T>(ask: () => Promise<readonly T[]>, names: readonly string[]): Promise<readonly T[]> {
  if (names.length === 0) return [];
  try {
    return await ask();
  } catch {
    return [];
  }
}

async function offsetsOf(
  admin: ClusterAdmin | undefined,
  topics: readonly TopicDescription[],
): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  const places = topics.flatMap(({ name, partitions }) =>
    partitions.filter(({ leader }) => leader >= 0).map(({ id }) => ({ topic: name, partition: id })),
  );
  if (admin === undefined || places.length === 0 || places.length > OFFSETS_PARTITIONS_MAX) return sums;
  const names = places.map(({ topic }) => topic);
  const [begins, ends] = await Promise.all([
    quietly(() => admin.offsets('earliest', places), names),
    quietly(() => admin.offsets('latest', places), names),
  ]);
  const unknown = new Set([...begins, ...ends].filter(({ code }) => code !== 0).map(({ topic }) => topic));
  const add = (topic: string, offsets: number): void =>
    void (unknown.has(topic) || sums.set(topic, (sums.get(topic) ?? 0) + offsets));
  if (begins.length !== ends.length) return sums;
  for (const { topic, offset } of ends) add(topic, offset);
  for (const { topic, offset } of begins) add(topic, -offset);
  return sums;
}

interface About {
  readonly topic: TopicDescription | undefined;
  readonly settings: Settings | undefined;
  readonly offsets: ReadonlyMap<string, number>;
}

function rowOf(name: string, role: string | null, { topic, settings, offsets }: About): Row {
  const exists = isThere(topic);
  const value = (setting: string): string | null =>
    settings?.entries.find((entry) => entry.name === setting)?.value ?? null;
  const numberOf = (text: string | null): number | null =>
    text === null || !Number.isFinite(Number(text)) ? null : Number(text);
  return {
    name,
    role,
    exists,
    partitions: exists ? topic.partitions.length : null,
    replication: exists ? Math.min(...topic.partitions.map(({ replicas }) => replicas.length)) : null,
    minInSync: numberOf(value('min.insync.replicas')),
    cleanup: value('cleanup.policy'),
    retentionMs: numberOf(value('retention.ms')),
    offsets: offsets.get(name) ?? null,
  };
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

function cellsOf(row: Row): readonly string[] {
  const text = (number: number | null): string => String(number ?? '');
  const offsets = row.offsets === null ? '' : count(row.offsets);
  return [
    text(row.partitions),
    text(row.replication),
    text(row.minInSync),
    row.cleanup ?? '',
    keptOf(row),
    offsets,
  ];
}

function keptOf({ retentionMs, cleanup }: Row): string {
  if (retentionMs === null) return '';
  if (retentionMs < 0 || cleanup === 'compact') return 'forever';
  const [unit, unitMs] = UNITS.find(([, ms]) => retentionMs >= 2 * ms) ?? ['ms', 1];
  return `${Math.round(retentionMs / unitMs)} ${unit}`;
}
