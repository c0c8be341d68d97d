import type { Summary } from '../../app/summary.js';
import type { DeadLettersOfCode } from '../../core/books/accounting.js';
import type { Metric } from '../../core/books/metric-books.js';
import { visible } from '../../core/visible.js';
import { bytes, count } from './numbers.js';

/** For people: a few aligned lines. */
export function renderSummary(summary: Summary): string {
  const { records, reason } = summary;
  const unsettled = unsettledText(records);
  const rows: (readonly [string, string])[] = [
    [
      'state',
      `${summary.state}, exit ${summary.exitCode}${summary.exitCode === 0 ? '' : ` (${reason.code})`}`,
    ],
    ...(summary.exitCode === 0 && reason.remedy === null ? [] : ([['why', reason.message]] as const)),
    ...(reason.remedy === null ? [] : ([['do', reason.remedy]] as const)),
    [
      'consumed',
      `${count(records.consumed)} records, ${bytes(summary.bytes.in)} in ` +
        `${summary.elapsedSeconds.toFixed(1)} s`,
    ],
    ['transformed', `${count(records.transformed)} → ${emitted(summary)} emitted`],
    ['filtered', counted(records.filtered, summary.filteredBy)],
    ['dead-lettered', count(records.deadLettered)],
    ...deadLetters(summary.deadLetteredBy),
    ...(unsettled === undefined ? [] : ([['not settled', unsettled]] as const)),
    ...(records.skipped === 0
      ? []
      : ([
          ['skipped', `${count(records.skipped)} offsets that were out of range, see the warnings`],
        ] as const)),
    ...progressRows(summary),
    [
      'rate',
      `${count(summary.rate.recordsPerSecond)} records/s, ` +
        `${Number(summary.cpu.microsecondsPerRecord.toPrecision(3))} µs of CPU per record`,
    ],
    ['latency', `p50 ${summary.latency.p50Ms} ms, p99 ${summary.latency.p99Ms} ms`],
    ...(summary.reloads === 0 ? [] : ([['reloads', count(summary.reloads)]] as const)),
    ...(summary.metrics.length === 0
      ? []
      : ([['metrics', ranges(summary.metrics.map(metricText))]] as const)),
    ...jobRows(summary.job),
    ['memory', `${bytes(summary.memory.rssPeakBytes)} peak`],
    ['committed', ranges(byPartition(committedOf(summary)))],
    ...(summary.redelivery.length === 0
      ? []
      : ([
          [
            'may come twice',
            ranges(
              summary.redelivery.map(
                ({ topic, partition, from, to }) => `${topic}[${partition}] ${from}–${to - 1}`,
              ),
            ),
          ],
        ] as const)),
  ];
  const lines = rows.map(([label, text]) => `  ${label.padEnd(14)} ${visible(text)}\n`);
  return `${visible(summary.name)}\n${lines.join('')}`;
}

/** Omits partitions that `--partitions` leaves out: only their ends are committed. */
function committedOf({ committed, range }: Summary): readonly PlaceText[] {
  const read = new Set(range.partitions.map(({ topic, partition }) => `${topic} ${partition}`));
  return committed
    .filter(({ topic, partition }) => read.size === 0 || read.has(`${topic} ${partition}`))
    .map(({ topic, partition, offset }) => ({ topic, partition, text: String(offset) }));
}

interface PlaceText {
  readonly topic: string;
  readonly partition: number;
  readonly text: string;
}

/** `orders[0-3] 1200`: adjacent partitions with the same text are joined. */
export function byPartition(places: readonly PlaceText[]): readonly string[] {
  const groups: { topic: string; first: number; last: number; text: string }[] = [];
  for (const { topic, partition, text } of places) {
    const before = groups.at(-1);
    if (before?.topic === topic && before.text === text && before.last + 1 === partition)
      before.last = partition;
    else groups.push({ topic, first: partition, last: partition, text });
  }
  return groups.map(
    ({ topic, first, last, text }) => `${topic}[${first === last ? first : `${first}-${last}`}] ${text}`,
  );
}

/** For a bounded run: how far it came, and which records it covered. */
function progressRows({ progress, range }: Summary): (readonly [string, string])[] {
  const { percent, recordsDone, recordsToDo, slowest } = progress;
  const all = byPartition(
    range.partitions.map(({ topic, partition, from, until }) => ({
      topic,
      partition,
      text: until > from ? `${from}–${until - 1}` : 'empty',
    })),
  );
  const left = slowest === null ? '' : `, most of them in ${slowest.topic}[${slowest.partition}]`;
  return [
    ...(percent === null || recordsToDo === null
      ? []
      : ([
          [
            'progress',
            `${percent}% of ${count(recordsDone + recordsToDo)} offsets` +
              (recordsToDo === 0 ? '' : `, ${count(recordsToDo)} to do${left}`),
          ],
        ] as const)),
    ...(all.length === 0 ? [] : ([['range', ranges(all)]] as const)),
    ...(range.firstTimestamp === null || range.lastTimestamp === null
      ? []
      : ([['record times', `${range.firstTimestamp} to ${range.lastTimestamp}`]] as const)),
  ];
}

/** If everything went to one topic, it is the configured one, and not named. */
function emitted({ records, emittedBy }: Summary): string {
  return Object.keys(emittedBy).length > 1 ? counted(records.emitted, emittedBy) : count(records.emitted);
}

/** The job as a whole: this run may be one of several that worked on it. */
function jobRows(job: Summary['job']): (readonly [string, string])[] {
  if (job === undefined) return [];
  const { name, run, from, until, partitions, records, instances, unended } = job;
  const which = partitions === null ? '' : `, partitions ${partitions}`;
  const lacking =
    unended === 0 ? '' : ` (${count(unended)} killed or not ended yet: up to 10 s of its counts are missing)`;
  return [
    ['job', `${name}, run ${run}: from ${from.text} until ${until.text}${which}, as group ${job.group}`],
    [
      'job in all',
      `${count(records.consumed)} records → ${count(records.emitted)} emitted, ` +
        `${count(records.deadLettered)} dead letters, by ${count(instances)} ` +
        `${instances === 1 ? 'instance' : 'instances'}${lacking}`,
    ],
  ];
}

const MESSAGE_CHARACTERS_MAX = 160;

/** One line per code, the most frequent first: the number of records, and an example. */
function deadLetters(byCode: Readonly<Record<string, DeadLettersOfCode>>): (readonly [string, string])[] {
  const codes = Object.entries(byCode).sort(([, a], [, b]) => b.count - a.count);
  const lines = codes.slice(0, LISTED_MAX).map(([code, letters]) => {
    const { message, topic, partition, offset } = letters.example;
    return `${code} ${count(letters.count)}, e.g. ${topic}[${partition}] ${offset}: ${oneLine(message)}`;
  });
  const more = codes.length - LISTED_MAX;
  return [...lines, ...(more > 0 ? [`and ${more} more codes`] : [])].map((line) => ['', line]);
}

/** Text from a record must not move the terminal's cursor. */
function oneLine(message: string): string {
  const text = message.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text;
}

/** Undefined where there are none. */
export function unsettledText({
  unsettled,
  handedOver,
}: Pick<Summary['records'], 'unsettled' | 'handedOver'>): string | undefined {
  const parts = [
    ...(unsettled === 0 ? [] : [`${count(unsettled)} unsettled`]),
    // Not "to other members": a lost partition may come back to this member, or to none for a while.
    ...(handedOver === 0 ? [] : [`${count(handedOver)} left to the next owner of their partitions`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

function metricText(metric: Metric): string {
  const labels = Object.entries(metric.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  const name = labels.length === 0 ? metric.name : `${metric.name}{${labels.join(',')}}`;
  if (metric.kind === 'count') return `${name} ${count(metric.value)}`;
  return (
    `${name} ${count(metric.observations)} × ` +
    `${Number((metric.sum / metric.observations).toPrecision(3))}`
  );
}

const LISTED_MAX = 12;

function ranges(items: readonly string[]): string {
  if (items.length === 0) return 'nothing';
  const more = items.length - LISTED_MAX;
  return items.slice(0, LISTED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function counted(total: number, by: Readonly<Record<string, number>>): string {
  const parts = Object.entries(by).sort((a, b) => b[1] - a[1]);
  return parts.length === 0
    ? count(total)
    : `${count(total)} (${ranges(parts.map(([name, n]) => `${name} ${count(n)}`))})`;
}
