/** What positions turned out to mean, for people: only what they could not expect. */
import { type PlacedPosition, type PlaceNote, wordsOf } from '../../core/positions/place.js';
import type { Position } from '../../core/positions/position.js';

export interface Placed {
  readonly from: PlacedPosition;
  readonly until: PlacedPosition | undefined;
}

interface Asked {
  readonly from: Position;
  readonly until: Position | undefined;
  readonly topic: string;
  /** The topic's times are those of the broker. */
  readonly logAppendTime: boolean;
}

const NAMED_MAX = 10;

/** Lines for stderr, in the order in which they matter. */
export function describePlaced(ranges: readonly Placed[], asked: Asked): readonly string[] {
  const times = [timeLine('from', asked.from), timeLine('until', asked.until)].filter((line) => line !== '');
  const broker =
    `a record's time is when the broker appended it: ${asked.topic} has ` +
    'message.timestamp.type=LogAppendTime';
  return [
    ...(times.length > 0 ? [times.join(', ')] : []),
    ...(asked.logAppendTime ? [broker] : []),
    ...noteLines(
      'from',
      ranges.map(({ from }) => from),
    ),
    ...noteLines(
      'until',
      ranges.flatMap(({ until }) => until ?? []),
    ),
  ];
}

function timeLine(word: string, position: Position | undefined): string {
  return position?.kind === 'time' ? `${word} ${new Date(position.timestampMs).toISOString()}` : '';
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
