/**
 * The topics that this member subscribes to, always by name: librdkafka and brokers match expressions in
 * their own dialects (POSIX, RE2).
 */
import { type TopicSelection, topicMatcher } from '../../../core/topic-selection.js';
import type { PartitionCounts } from '../../client/metadata.js';

/** A topic is dropped after it was missing this often in a row: one broker may know less than another. */
const MISSING_LOOKS = 2;

export class Subscription {
  readonly #selection: TopicSelection;
  readonly #missedBy = new Map<string, number>();

  constructor(selection: TopicSelection) {
    this.#selection = selection;
    if ('names' in selection) for (const name of selection.names) this.#missedBy.set(name, 0);
  }

  /** True if topics may appear and disappear: they are looked for repeatedly. */
  get grows(): boolean {
    return 'pattern' in this.#selection;
  }

  get names(): string[] {
    return [...this.#missedBy.keys()].sort();
  }

  /** True: the names have changed. */
  seen(counts: PartitionCounts): boolean {
    if (!this.grows) return false;
    const before = this.names.join();
    const matches = topicMatcher(this.#selection);
    for (const [name, missed] of this.#missedBy) {
      if (missed + 1 < MISSING_LOOKS) this.#missedBy.set(name, missed + 1);
      else this.#missedBy.delete(name);
    }
    for (const [name, count] of counts) if (count > 0 && matches(name)) this.#missedBy.set(name, 0);
    return this.names.join() !== before;
  }
}
