import type { OutputTopic } from '../../ports/sink.js';

const NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * Partitions can be added: a count older than this is requested again before a partition counts as missing.
 */
const FRESH_MS = 10_000;

/** The topics that this worker may write to, as the main thread reported them last. */
export class TopicTable {
  readonly #byName = new Map<string, OutputTopic>();
  readonly #reportedAtMs = new Map<string, number>();
  /** What was looked up last: results mostly name the same topics over and over. */
  #lastName: unknown;
  #last: OutputTopic | undefined;

  constructor(topics: readonly OutputTopic[]) {
    this.add(topics);
  }

  add(topics: readonly OutputTopic[]): void {
    this.#lastName = undefined;
    this.#last = undefined;
    for (const topic of topics) {
      this.#byName.set(topic.name, topic);
      this.#reportedAtMs.set(topic.name, performance.now());
    }
  }

  isFresh(name: string): boolean {
    return performance.now() - (this.#reportedAtMs.get(name) ?? Number.NEGATIVE_INFINITY) < FRESH_MS;
  }

  /** Whether Kafka would accept the name. A topic that is known has been accepted: routed rows end here. */
  accepts(name: unknown): name is string {
    return typeof name === 'string' && (this.#byName.has(name) || isTopicName(name));
  }

  get(name: unknown): OutputTopic | undefined {
    if (name === this.#lastName) return this.#last;
    const topic = typeof name === 'string' ? this.#byName.get(name) : undefined;
    this.#lastName = name;
    this.#last = topic;
    return topic;
  }
}

/** Names that Kafka accepts for topics. */
export function isTopicName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name) && name !== '.' && name !== '..';
}
