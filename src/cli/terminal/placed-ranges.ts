/** Tells the user which offsets positions were resolved to, if these may come as a surprise. */
import { type PlacedPosition, type PlaceNote, wordsOf } from '../../core/positions/place.js';
import type { Position } from '../../core/positions/position.js';

export interface Placed {
  /** Undefined: the user did not choose it. */
  readonly from: PlacedPosition | undefined;
  readonly until: PlacedPosition | undefined;
}

interface Asked {
  readonly from: Position | undefined;
  readonly until: Position | undefined;
  /** The topics in which a time is that of the broker. */
  readonly appendTimeTopics: readonly string[];
}

const NAMED_MAX = 10;

/** Lines for stderr, in the order in which they matter. */
export function describePlaced(ranges: readonly Placed[], asked: Asked): readonly string[] {
  const times = [timeLine('from', asked.from), timeLine('until', asked.until)].filter((line) => line !== '');
  const { appendTimeTopics: topics } = asked;
  const broker =
    `a record's time is when the broker appended it: ${shortened(topics)} ` +
    `${topics.length > 1 ? 'have' : 'has'} message.timestamp.type=LogAppendTime`;
  return [
    ...(times.length > 0 ? [times.join(', ')] : []),
    ...(topics.length > 0 ? [broker] : []),
    ...noteLines(
      'from',
      ranges.flatMap(({ from }) => from ?? []),
    ),
    ...noteLines(
      'until',
      ranges.flatMap(({ until }) => until ?? []),
    ),
  ];
}

function timeLine(word: string, position: Position | undefined): string {
  if (position?.kind !== 'time') return '';
  const isFuture = position.timestampMs > Date.now();
  const note = isFuture ? ' (in the future: the end of now; later records are not read)' : '';
  return `${word} ${new Date(position.timestampMs).toISOString()}${note}`;
}

function noteLines(word: string, places: readonly PlacedPosition[]): readonly string[] {
  const byNote = new Map<PlaceNote, string[]>();
  for (const { note, topic, partition } of places) {
    if (note === undefined) continue;
    const names = byNote.get(note) ?? [];
    names.push(`${topic}[${partition}]`);
    byNote.set(note, names);
  }
  return [...byNote].map(([note, names]) => `${word}: ${wordsOf(note)} (${shortened(names)})`);
}

function shortened(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return `${names.slice(0, NAMED_MAX).join(' ')}${more > 0 ? ` and ${more} more` : ''}`;
}
