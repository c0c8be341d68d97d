import { OTHER_TOPICS } from './accounting.js';

/** Pairs of topic and error that are counted separately; codes are Kafka's, a closed set. */
const PAIRS_MAX = 200;

export interface UndeliveredCount {
  readonly topic: string;
  /** Kafka's name of the error. */
  readonly code: string;
  readonly records: number;
}

/** Results that a topic did not accept, by topic and error: written again, or dead letters then. */
export class UndeliveredBooks {
  readonly #counts = new Map<string, UndeliveredCount>();

  failed(topic: string, code: string): void {
    const key = keyOf(topic, code);
    const fits = this.#counts.has(key) || this.#counts.size < PAIRS_MAX;
    this.#add(fits ? topic : OTHER_TOPICS, code);
  }

  snapshot(): readonly UndeliveredCount[] {
    return [...this.#counts.values()];
  }

  #add(topic: string, code: string): void {
    const key = keyOf(topic, code);
    const records = (this.#counts.get(key)?.records ?? 0) + 1;
    this.#counts.set(key, { topic, code, records });
  }
}

function keyOf(topic: string, code: string): string {
  return `${code} ${topic}`;
}
