/** A value with where it came from. */
import type { Origin } from './problem.js';

export interface Entry<Value> {
  readonly value: Value;
  readonly origin: Origin;
  /** Came through a reference with a secret's name. */
  readonly secret: boolean;
  /** As written, where it did not stand under its own path (Spring's layout, a properties file). */
  readonly key?: string;
}

/**
 * Topic (or `defaults`) → `partitions`, `replication` or `configs.NAME` → as written; '' says that the topic
 * was named.
 */
export type TopicEntries = Map<string, Map<string, Entry<string>>>;
