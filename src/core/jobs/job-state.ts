/** The state of a job, from its records in Kafka: all that read the same records find the same state. */
import {
  type JobChange,
  type JobInstance,
  type JobKey,
  type JobMoment,
  type JobPin,
  JobRecordFault,
  type JobRecordKind,
  type JobValues,
  keyText,
  type LostRecords,
  type PinnedTopic,
  readKey,
  readValue,
} from './job-record.js';

/** A record as it was read; value null: deleted. */
export interface StoredRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
}

export interface JobState {
  readonly run: number;
  /** Which of the pins holds. */
  readonly pinId: string;
  /** With every accepted change. */
  readonly pin: JobPin;
  readonly isStarted: boolean;
  readonly instances: ReadonlyMap<string, JobInstance>;
  readonly finished: JobMoment | undefined;
  /** Records that were deleted before the job read them, and that the user accepted. */
  readonly lost: readonly LostRecords[];
  /** Keys of runs before this one. */
  readonly olderKeys: readonly string[];
}

interface Kept extends JobKey {
  readonly offset: number;
  readonly text: string;
}

/** Undefined: the job has never begun. Throws {@link JobRecordFault} for a record that can't be used. */
export function jobState(group: string, records: readonly StoredRecord[]): JobState | undefined {
  const kept = keptOf(group, records);
  const pins = kept.filter(({ kind }) => kind === 'pin');
  const run = Math.max(0, ...pins.map((pin) => pin.run));
  // Two that begin at the same time both write one: the first counts.
  const [first] = pins.filter((pin) => pin.run === run).sort((a, b) => a.offset - b.offset);
  if (first === undefined) return undefined;
  const ofRun = kept.filter((one) => one.run === run);
  const changes = valuesOf(ofRun, 'change').map(([, change]) => change);
  const [finished] = valuesOf(ofRun, 'finished');
  return {
    run,
    pinId: first.id,
    pin: changes.reduce(changed, valueOf(first, 'pin')),
    isStarted: ofRun.some(({ kind }) => kind === 'started'),
    instances: new Map(valuesOf(ofRun, 'instance')),
    finished: finished?.[1],
    lost: lostIn(changes),
    olderKeys: kept.filter((one) => one.run < run).map(keyText),
  };
}

/** The next offset of each partition, by what instances reported as settled, for the pinned topics. */
export function settledOf({ pin, instances }: JobState): ReadonlyMap<string, number> {
  const ids = new Map(pin.topics.map(({ topic, id }) => [topic, id]));
  const settled = new Map<string, number>();
  for (const instance of instances.values())
    for (const { topic, id, offsets } of instance.settled) {
      // An offset of a topic that was deleted says nothing about the one that has its name now.
      if (ids.get(topic) !== id) continue;
      for (const [partition, offset] of offsets) {
        const place = `${topic} ${partition}`;
        settled.set(place, Math.max(offset, settled.get(place) ?? 0));
      }
    }
  return settled;
}

function keptOf(group: string, records: readonly StoredRecord[]): readonly Kept[] {
  const kept = new Map<string, Kept>();
  for (const { offset, key, value } of records) {
    const parts = readKey(key);
    if (parts?.group !== group) continue;
    if (value === null) kept.delete(key);
    else kept.set(key, { ...parts, offset, text: value });
  }
  return [...kept.values()].sort((a, b) => a.offset - b.offset);
}

function valuesOf<Kind extends JobRecordKind>(
  kept: readonly Kept[],
  kind: Kind,
): readonly (readonly [id: string, value: JobValues[Kind]])[] {
  return kept.flatMap((one) => (one.kind === kind ? [[one.id, valueOf(one, kind)] as const] : []));
}

function valueOf<Kind extends JobRecordKind>(kept: Kept, kind: Kind): JobValues[Kind] {
  try {
    return readValue(kind, kept.text);
  } catch (fault) {
    if (!(fault instanceof JobRecordFault)) throw fault;
    throw new JobRecordFault(
      `the record ${keyText(kept)} at offset ${kept.offset} can't be used: ${fault.message}`,
    );
  }
}

/** If two place the same new topic, the first counts: an instance may already be using it. */
function changed(pin: JobPin, { parts, topics }: JobChange): JobPin {
  const placed = new Map(topics.map((topic) => [topic.topic, topic]));
  const next = (topic: PinnedTopic): PinnedTopic => {
    const again = placed.get(topic.topic);
    return again === undefined || again.id === topic.id ? topic : again;
  };
  return { ...pin, parts: Object.keys(parts).length === 0 ? pin.parts : parts, topics: pin.topics.map(next) };
}

/** Two instances may have accepted the same loss. */
function lostIn(changes: readonly JobChange[]): readonly LostRecords[] {
  const all = new Map<string, LostRecords>();
  for (const { lost } of changes)
    for (const range of lost) all.set(`${range.topic} ${range.partition} ${range.from}`, range);
  return [...all.values()];
}
