import type { OutputTopic } from '../../ports/sink.js';

const NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/** Numbers of the topics this worker may write to. Grows by what the main thread tells it. */
export class TopicTable {
  readonly #byName = new Map<string, OutputTopic>();

  constructor(topics: readonly OutputTopic[]) {
    this.add(topics);
  }

  add(topics: readonly OutputTopic[]): void {
    for (const topic of topics) this.#byName.set(topic.name, topic);
  }

  get(name: string): OutputTopic | undefined {
    return this.#byName.get(name);
  }
}

/** What Kafka accepts as a topic name. */
export function isTopicName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name) && name !== '.' && name !== '..';
}
