/** `/why` of a running job: what it knows of one record. */
import type { RecordTrace } from '../../dispatcher/trace.js';
import { notReady, type RunView } from '../status-body.js';

/** The body of `/why`. */
export interface RunningAnswer {
  readonly schema: 1;
  readonly name: string;
  readonly group: string;
  readonly state: string;
  readonly startedAt: string;
  readonly notReady: string | null;
  readonly stallRemedy: string | null;
  /** Over the last ten seconds, of all partitions. */
  readonly recordsPerSecond: number;
  /** Reasons by which this run filters, the most frequent first. */
  readonly filterReasons: readonly string[];
  /** Topics that it has written to. */
  readonly outputTopics: readonly string[];
  /** Null: nothing runs at the moment, as during a reload. */
  readonly trace: RecordTrace | null;
}

export interface WhyQuery {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface QueryFault {
  readonly error: string;
  readonly remedy: string;
}

const TOPIC = /^[a-zA-Z0-9._-]{1,249}$/;
const PARTITION_MAX = 0x7fffffff;
const LISTED_MAX = 100;
const REMEDY = 'ask /why?topic=orders&partition=3&offset=1200, each of them once';

/** Strict: a client that asks for something else gets no answer for something similar. */
export function readQuery(query: URLSearchParams): WhyQuery | QueryFault {
  const topic = once(query, 'topic');
  const partition = once(query, 'partition');
  const offset = once(query, 'offset');
  if (topic === undefined || !TOPIC.test(topic))
    return { error: 'topic is missing, or no topic can have this name', remedy: REMEDY };
  const number = wholeNumber(partition, PARTITION_MAX);
  if (number === undefined)
    return { error: 'partition is missing, or no whole number from 0', remedy: REMEDY };
  const at = wholeNumber(offset, Number.MAX_SAFE_INTEGER);
  if (at === undefined) return { error: 'offset is missing, or no whole number from 0', remedy: REMEDY };
  return { topic, partition: number, offset: at };
}

/** Undefined: not a whole number from 0 to `max`. */
export function wholeNumber(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  return Number(text) <= max ? Number(text) : undefined;
}

export function isTopicName(text: string): boolean {
  return TOPIC.test(text) && text !== '.' && text !== '..';
}

function once(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

export function runningAnswer(
  { name, group }: { readonly name: string; readonly group: string },
  view: RunView,
  place: WhyQuery,
): RunningAnswer {
  const status = view.status();
  const { redact } = view;
  const why = notReady(status);
  const byCount = (counts: Readonly<Record<string, number>>): readonly string[] =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .slice(0, LISTED_MAX)
      .map(([key]) => redact(key));
  return {
    schema: 1,
    name,
    group,
    state: status.state,
    startedAt: view.startedAt.toISOString(),
    notReady: why === null ? null : redact(why),
    stallRemedy: status.stallRemedy === undefined ? null : redact(status.stallRemedy),
    recordsPerSecond: status.progress.recordsPerSecond.now,
    filterReasons: byCount(status.records.filteredBy),
    outputTopics: byCount(status.records.emittedBy),
    trace: view.trace(place) ?? null,
  };
}
