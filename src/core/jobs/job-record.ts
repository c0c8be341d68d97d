/**
 * The records that a job keeps in Kafka, so that every instance of it works to the same ends and the same
 * command resumes it anywhere. The key is `<job group>/<run number>/<kind>[/<id>]`, the value JSON; a later
 * record with the same key replaces an earlier one, as compaction does.
 */
import type { JobCounts } from './job-counts.js';

/** Kafka refuses larger records unless its configuration was changed (`message.max.bytes`). */
export const JOB_RECORD_BYTES_MAX = 900_000;

const SCHEMA = 1;

/** A position as it was typed, and the time that it meant when the job began. */
export interface PinnedPosition {
  readonly text: string;
  readonly timestampMs?: number;
}

/** `[partition, from, until]`: `until` is the offset after the last one. */
export type PinnedRange = readonly [partition: number, from: number, until: number];

export interface PinnedTopic {
  readonly topic: string;
  /** null: brokers before 2.8 have no ids. */
  readonly id: string | null;
  readonly ranges: readonly PinnedRange[];
}

export interface LostRecords {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** The offset after the last lost record. */
  readonly to: number;
}

/** Digests of what decides a job's results, by the key of the configuration that chooses it. */
export type DigestedParts = Readonly<Record<string, string>>;

export interface JobPin {
  readonly createdAt: string;
  readonly version: string;
  readonly from: PinnedPosition;
  readonly until: PinnedPosition;
  /** `--partitions` as it was typed. */
  readonly partitions: string | null;
  readonly parts: DigestedParts;
  readonly topics: readonly PinnedTopic[];
}

/** A difference that the user accepted. */
export interface JobChange {
  readonly at: string;
  readonly parts: DigestedParts;
  /** Topics that were deleted and created again, with their ranges in the new topic. */
  readonly topics: readonly PinnedTopic[];
  readonly lost: readonly LostRecords[];
}

/** One process that worked on a job: what it has settled and counted so far. */
export interface JobInstance {
  readonly host: string;
  readonly startedAt: string;
  readonly at: string;
  /** False in the last record of an instance that was killed. */
  readonly ended: boolean;
  readonly settled: readonly {
    readonly topic: string;
    readonly id: string | null;
    /** `[partition, next offset]` */
    readonly offsets: readonly (readonly [partition: number, offset: number])[];
  }[];
  readonly counts: JobCounts;
}

/** `started`: the group's offsets were set to the pinned ones. `finished`: the end was reached. */
export interface JobMoment {
  readonly at: string;
}

export interface JobValues {
  readonly pin: JobPin;
  readonly change: JobChange;
  readonly instance: JobInstance;
  readonly started: JobMoment;
  readonly finished: JobMoment;
}

export type JobRecordKind = keyof JobValues;

export interface JobKey {
  readonly group: string;
  readonly run: number;
  readonly kind: JobRecordKind;
  /** '' for kinds of which a run has only one. */
  readonly id: string;
}

export class JobRecordFault extends Error {
  override readonly name = 'JobRecordFault';
}

/** A group's name may contain anything, so the rest is read from the end. */
const KEY = /^([^]*)\/([1-9]\d{0,8})\/(?:(pin|change|instance)\/([\w-]{1,64})|(started|finished))$/;

export function keyText({ group, run, kind, id }: JobKey): string {
  return id === '' ? `${group}/${run}/${kind}` : `${group}/${run}/${kind}/${id}`;
}

/** Undefined: a record that does not belong to a job. */
export function readKey(text: string): JobKey | undefined {
  const [, group, run, kind, id = '', single] = KEY.exec(text) ?? [];
  const found = kind ?? single;
  if (group === undefined || run === undefined || found === undefined) return undefined;
  return { group, run: Number(run), kind: found as JobRecordKind, id };
}

export function valueText<Kind extends JobRecordKind>(kind: Kind, value: JobValues[Kind]): string {
  return JSON.stringify({ schema: SCHEMA, kind, ...value });
}

/** Throws {@link JobRecordFault} for a value that this version can't use. */
export function readValue<Kind extends JobRecordKind>(kind: Kind, text: string): JobValues[Kind] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JobRecordFault('its value is not JSON');
  }
  if (!isObject(value) || value['kind'] !== kind)
    throw new JobRecordFault(`its value is not a ${kind} of a job`);
  if (value['schema'] !== SCHEMA)
    throw new JobRecordFault(
      `its schema is ${String(value['schema'])}, and this version of kd knows ${SCHEMA}`,
    );
  const missing = NEEDED[kind].find(([name, is]) => !is(value[name]));
  if (missing !== undefined) throw new JobRecordFault(`its value has no valid "${missing[0]}"`);
  const { schema: _schema, kind: _kind, ...rest } = value;
  return rest as object as JobValues[Kind];
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isOffset: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isListOf =
  (is: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(is);
const isTuple =
  (length: number): Check =>
  (value) =>
    isListOf(isOffset)(value) && (value as readonly unknown[]).length === length;
const isTopicWith =
  (name: string, length: number): Check =>
  (value) =>
    isObject(value) &&
    isText(value['topic']) &&
    (value['id'] === null || isText(value['id'])) &&
    isListOf(isTuple(length))(value[name]);
const isPosition: Check = (value) => isObject(value) && isText(value['text']);
const isLost: Check = (value) =>
  isObject(value) &&
  isText(value['topic']) &&
  [value['partition'], value['from'], value['to']].every(isOffset);
const isTopics = isListOf(isTopicWith('ranges', 3));
const isCounts: Check = (value) => isObject(value) && isObject(value['records']);

const NEEDED: Readonly<Record<JobRecordKind, readonly (readonly [name: string, is: Check])[]>> = {
  pin: [
    ['createdAt', isText],
    ['from', isPosition],
    ['until', isPosition],
    ['parts', isObject],
    ['topics', isTopics],
  ],
  change: [
    ['parts', isObject],
    ['topics', isTopics],
    ['lost', isListOf(isLost)],
  ],
  instance: [
    ['startedAt', isText],
    ['at', isText],
    ['ended', isFlag],
    ['settled', isListOf(isTopicWith('offsets', 2))],
    ['counts', isCounts],
  ],
  started: [['at', isText]],
  finished: [['at', isText]],
};
