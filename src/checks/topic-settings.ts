/** The settings of topics that decide whether they fit a job. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Settings, TopicDescription } from '../ports/admin.js';
import { type Findings, type LineOf, spanOf } from './check.js';
import { keyOf, type NeededTopic } from './topic-plan.js';

/** Settings that the checks below need. */
export const JUDGED_SETTINGS = [
  'min.insync.replicas',
  'max.message.bytes',
  'cleanup.policy',
  'retention.ms',
  'message.timestamp.type',
  'message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms',
  'message.timestamp.difference.max.ms',
] as const;

export interface TopicsInput {
  readonly config: ResolvedConfig;
  readonly needed: readonly NeededTopic[];
  /** Keys are those of {@link keyOf}. */
  readonly found: ReadonlyMap<string, TopicDescription>;
  /** Keys are those of {@link keyOf}; settings that could not be read are missing. */
  readonly settings: ReadonlyMap<string, Settings>;
  readonly brokerCounts: Readonly<Record<'consumer' | 'producer', number>>;
  readonly line: LineOf;
  /** `kd topics create -c FILE` */
  readonly createCommand: string;
  /** Differences from the section `topics` of the configuration are failures, not warnings. */
  readonly strict: boolean;
}

export type Values = ReadonlyMap<string, string | null>;

/** A topic that exists. */
export interface Judged {
  readonly input: TopicsInput;
  readonly needed: NeededTopic;
  readonly topic: TopicDescription;
  readonly settings: Values;
  readonly findings: Findings;
}

export function settingsOf(input: Pick<TopicsInput, 'settings'>, topic: NeededTopic): Values {
  return new Map(input.settings.get(keyOf(topic))?.entries.map(({ name, value }) => [name, value]));
}

/** NaN if not known. */
export function numberOf(settings: Values, ...names: readonly string[]): number {
  const known = names
    .map((name) => settings.get(name))
    .find((value) => value !== undefined && value !== null);
  return Number(known ?? Number.NaN);
}

/** The key that decides which timestamp records of an output or dead-letter topic carry. */
export function timeKeyOf({ role }: NeededTopic): string {
  return role === 'dead-letter' ? 'dispatcher.dead-letter.timestamp' : 'dispatcher.output.timestamp';
}

/** Records written to it carry the timestamp of the source record. */
export function keepsSourceTime(
  { config: { dispatcher } }: Pick<TopicsInput, 'config'>,
  topic: NeededTopic,
  settings: Values,
): boolean {
  const { timestamp } = topic.role === 'dead-letter' ? dispatcher.deadLetter : dispatcher.output;
  return settings.get('message.timestamp.type') !== 'LogAppendTime' && timestamp !== 'now';
}

export function replicationOf(topic: TopicDescription): number {
  return Math.min(...topic.partitions.map(({ replicas }) => replicas.length));
}

/** Undefined: forever, or not known. */
export function retentionOf(settings: Values): number | undefined {
  const retentionMs = Number(settings.get('retention.ms') ?? Number.NaN);
  return retentionMs >= 0 && /delete/.test(settings.get('cleanup.policy') ?? 'delete')
    ? retentionMs
    : undefined;
}

export function described(settings: Values): string {
  if (settings.size === 0) return " (its settings can't be read: the right DESCRIBE_CONFIGS is missing)";
  const retentionMs = retentionOf(settings);
  const kept = retentionMs === undefined ? 'kept forever' : `kept for ${spanOf(retentionMs)}`;
  return (
    `, min.insync ${settings.get('min.insync.replicas') ?? '?'}, records up to ` +
    `${settings.get('max.message.bytes') ?? '?'} bytes, ${settings.get('cleanup.policy') ?? '?'}, ${kept}`
  );
}
