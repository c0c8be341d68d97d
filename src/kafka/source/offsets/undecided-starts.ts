/**
 * First starts in partitions without a leader. The others must not wait for them, so such a partition is
 * opened where nothing can be read by mistake: at the beginning (`earliest`), or beyond the end of any log
 * (`latest`). As soon as a leader answers, its first fetch is out of range, and the start is decided.
 *
 * While there is no leader nothing is written, so `latest` means the end of the log as the leader brings it
 * back. But producers wait for the leader as well, and some are faster than our question for the end. So of
 * what lies below that end, everything from the first record on whose timestamp is at or after the assignment
 * is read too. The assignment has waited seconds for a leader, so clocks may differ by as much. Only a record
 * with an older timestamp that is written before the end is asked for counts as one from before the start.
 */
import type { TopicPartition } from '../../rdkafka.js';
import { findRanges, placeOf, RANGES_TIMEOUT_MS, type Range, type RangeQueries } from './ranges.js';

/** The position of such a partition as reported to the dispatcher. */
const UNDECIDED_OFFSET = 0;
/** No log ends beyond it, and librdkafka's statistics can still name it exactly. */
export const BEYOND_ANY_LOG = 2 ** 52;
const UNDECIDED: FirstStart = { offset: UNDECIDED_OFFSET, start: 'undecided' };

type Edge = 'earliest' | 'latest';

interface FirstStart {
  readonly offset: number;
  readonly start: 'reset' | 'undecided';
}

export class UndecidedStarts {
  readonly #queries: RangeQueries;
  /** When each was assigned first, until the group has committed a position there. */
  readonly #sinceMs = new Map<string, number>();
  readonly #open = new Set<string>();

  constructor(queries: RangeQueries) {
    this.#queries = queries;
  }

  isAt(partition: TopicPartition, offset: number): boolean {
    return offset === UNDECIDED_OFFSET && this.#open.has(placeOf(partition));
  }

  /** `sinceMs`: wall-clock time from before a leader was looked for. */
  add(partition: TopicPartition, sinceMs: number): FirstStart {
    const place = placeOf(partition);
    this.#open.add(place);
    this.#sinceMs.set(place, this.#sinceMs.get(place) ?? sinceMs);
    return UNDECIDED;
  }

  /** The group has committed a position there. */
  delete(partition: TopicPartition): void {
    this.#open.delete(placeOf(partition));
    this.#sinceMs.delete(placeOf(partition));
  }

  /** It stays undecided if the leader is gone again: the next fetch asks once more. */
  async decide(partition: TopicPartition, start: Edge, known?: Range): Promise<FirstStart> {
    const place = placeOf(partition);
    const range = known ?? (await findRanges(this.#queries, [partition]))[0];
    const offset = start === 'earliest' ? range?.low : await this.#end(partition, range);
    if (offset === undefined) {
      this.#open.add(place);
      return UNDECIDED;
    }
    this.#open.delete(place);
    return { offset, start: 'reset' };
  }

  async #end(partition: TopicPartition, range: Range | undefined): Promise<number | undefined> {
    const sinceMs = this.#sinceMs.get(placeOf(partition));
    if (range === undefined || sinceMs === undefined) return range?.end;
    const first = await this.#queries.firstSince(partition, sinceMs, RANGES_TIMEOUT_MS);
    if (first === undefined) return undefined;
    return first < 0 ? range.end : Math.min(first, range.end);
  }
}
