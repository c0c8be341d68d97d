import type { OutputTopic } from '../../ports/sink.js';

/** Topics learned since the start; each thread gets those that it does not know yet. */
export class TopicNews {
  readonly #byName = new Map<string, { readonly topic: OutputTopic; readonly version: number }>();
  #version = 0;

  get version(): number {
    return this.#version;
  }

  add(topics: readonly OutputTopic[]): void {
    for (const topic of topics) {
      this.#version += 1;
      this.#byName.set(topic.name, { topic, version: this.#version });
    }
  }

  since(seen: number): readonly OutputTopic[] {
    if (seen === this.#version) return [];
    return [...this.#byName.values()].filter(({ version }) => version > seen).map(({ topic }) => topic);
  }
}
