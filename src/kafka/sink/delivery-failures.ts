/** Converts the addon's report of rows that were not acknowledged. */
import type { DeliveryFailure } from '../../ports/sink.js';
import {
  COUNTS_DIFFER,
  deliveryMeaning,
  deliveryVerdict,
  PARTITION_GONE,
  UNKNOWN_PARTITION,
} from '../codes.js';

/** The addon's numbers per failure: row, code, index of the broker's words (-1: none). */
const FAILURE_FIELDS = 3;

/** These codes mean that the number of partitions has changed, or that the topic was replaced. */
const TOPIC_CHANGED: ReadonlySet<number> = new Set([COUNTS_DIFFER, PARTITION_GONE, UNKNOWN_PARTITION]);

export function saysTopicChanged(numbers: Int32Array | null): boolean {
  for (let at = 1; numbers !== null && at < numbers.length; at += FAILURE_FIELDS)
    if (TOPIC_CHANGED.has(numbers[at] ?? 0)) return true;
  return false;
}

export function failuresOf(
  part: number,
  numbers: Int32Array | null,
  words: readonly string[] | null,
): DeliveryFailure[] {
  const failures: DeliveryFailure[] = [];
  for (let at = 0; numbers !== null && at + 2 < numbers.length; at += FAILURE_FIELDS) {
    const code = numbers[at + 1] ?? 0;
    const said = words?.[numbers[at + 2] ?? -1];
    const verdict = deliveryVerdict(code, said !== undefined);
    const outputRow = numbers[at] ?? 0;
    const meaning = said ?? deliveryMeaning(code);
    failures.push({ part, outputRow, ...verdict, ...(meaning === undefined ? {} : { words: meaning }) });
  }
  return failures;
}
