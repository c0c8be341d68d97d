/** The report on a topic that was read again. */
import type { TableRecord } from '../../../core/receipts/twin-table.js';
import { type Explained, explain } from './explain.js';
import type { Side } from './listed.js';
import type { FoundDifference } from './result.js';
import type { TopicCheck } from './topic-check.js';
import type { ReadingSettings } from './topic-reading.js';
import type { UnlistedGroup } from './unlisted.js';

export interface Judging {
  /** Unlisted records that equal listed ones were acknowledged by a process that was killed. */
  readonly mayRepeat: boolean;
  /** Records of others in an output topic are counted only. */
  readonly allowOthers: boolean;
}

/** The differences of one topic, the first of each partition. */
export async function differencesOf(
  settings: ReadingSettings,
  check: TopicCheck,
  judging: Judging,
): Promise<readonly FoundDifference[]> {
  const explained: Explained[] = [];
  for (const partition of check.partitions.values()) {
    const [first] = partition.differing;
    if (first !== undefined) explained.push(await explain(settings, first));
  }
  const differing = new Set(explained.map(({ part }) => part.partition));
  const missing = missingIn(check);
  const moves = movesAmong(explained, explained.length === 0 ? [] : check.unlisted.arrived());
  return [
    ...explained.map((one) => said(one, check, moves)),
    ...missing,
    ...unlistedIn(check, judging, { differing, moves }),
  ];
}

/** Where a dropped record is now, if it is in another partition. */
type Moves = ReadonlyMap<Explained, { readonly partition: number; readonly offset: number }>;

function movesAmong(explained: readonly Explained[], unlisted: readonly TableRecord[]): Moves {
  const arrived = [
    ...explained
      .filter(({ kind }) => kind === 'inserted')
      .map(({ part, offset, mark }) => ({ partition: part.partition, offset, mark })),
    ...unlisted,
  ];
  return new Map(
    explained.flatMap((one) => {
      if (one.kind !== 'dropped') return [];
      const place = arrived.find(
        ({ partition, mark }) => partition !== one.part.partition && mark === one.mark,
      );
      return place === undefined ? [] : [[one, place] as const];
    }),
  );
}

function said(one: Explained, { topic, partitions }: TopicCheck, moves: Moves): FoundDifference {
  const { part, kind, offset } = one;
  const { side, partition } = part;
  const moved = moves.get(one);
  const differing = partitions.get(partition)?.differing ?? [];
  const records = differing.reduce((sum, tally) => sum + tally.part.records, 0);
  const place = `${topic}[${partition}] at offset ${offset}`;
  const common = { side, topic, partition, offset, records, listedAt: `${part.file}, line ${part.line}` };
  if (moved !== undefined)
    return {
      ...common,
      kind: 'moved',
      message: `${place}: the record is now in partition ${moved.partition}, at offset ${moved.offset}`,
    };
  const found = isElsewhere(one, moves) ? 'inserted' : kind === 'somewhere' ? 'changed' : kind;
  return { ...common, kind: found, message: `${place}: ${wordsOf(one)}` };
}

function isElsewhere({ part, offset, kind }: Explained, moves: Moves): boolean {
  return (
    kind === 'inserted' &&
    [...moves.values()].some((to) => to.partition === part.partition && to.offset === offset)
  );
}

function wordsOf({ kind, part }: Explained): string {
  const last = (part.ranges.at(-1)?.[1] ?? 1) - 1;
  switch (kind) {
    case 'changed':
      return 'a different record is there now';
    case 'dropped':
      return 'the record is not there any more';
    case 'doubled':
      return 'a copy of another record was inserted';
    case 'inserted':
      return 'a record was inserted';
    case 'somewhere':
      return `one of the records up to offset ${last} has changed`;
  }
}

function missingIn({ side, topic, missing }: TopicCheck): readonly FoundDifference[] {
  return [...missing].map(([partition, { records, first }]) => ({
    kind: 'missing',
    side,
    topic,
    partition,
    offset: first,
    records,
    listedAt: null,
    message: `${topic}[${partition}] at offset ${first}: ${records} records of the input are in no receipt`,
  }));
}

/** Where offsets have moved, records after the last listed one are not new. */
interface Explanations {
  readonly differing: ReadonlySet<number>;
  readonly moves: Moves;
}

function unlistedIn(
  { side, topic, unlisted }: TopicCheck,
  { mayRepeat, allowOthers }: Judging,
  { differing, moves }: Explanations,
): readonly FoundDifference[] {
  const arrived = new Set([...moves.values()].map(({ partition, offset }) => `${partition} ${offset}`));
  const isOpen = ({ partition, offset }: TableRecord): boolean =>
    !differing.has(partition) && (arrived.size === 0 || !arrived.has(`${partition} ${offset}`));
  const said = (
    kind: 'doubled' | 'foreign',
    groups: readonly UnlistedGroup[],
    words: string,
  ): readonly FoundDifference[] =>
    groups.map(({ partition, offset, records }) => {
      const message = `${topic}[${partition}] at offset ${offset}: ${words}`;
      return { kind, side, topic, partition, offset, records, listedAt: null, message };
    });
  const twins = mayRepeat ? [] : unlisted.groups((record) => record.isTwin && isOpen(record));
  const others = allowOthers ? [] : unlisted.groups((record) => !record.isTwin && isOpen(record));
  return [
    ...said('doubled', twins, 'a copy of a listed record, which these runs did not write'),
    ...said('foreign', others, 'the record is not from these runs'),
    ...untold(side, topic, unlisted.untold),
  ];
}

function untold(side: Side, topic: string, records: number): readonly FoundDifference[] {
  if (records === 0) return [];
  const message = `${topic}: ${records} records more are in no receipt than can be told apart`;
  return [{ kind: 'foreign', side, topic, partition: -1, offset: -1, records, listedAt: null, message }];
}
