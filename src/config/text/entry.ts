/** A value and its origin. */
import type { Origin } from './problem.js';

export interface Entry<Value> {
  readonly value: Value;
  readonly origin: Origin;
  /** It came through a placeholder whose name is that of a secret. */
  readonly secret: boolean;
  /** The key as written, if it was not under its own path (Spring's layout, a properties file). */
  readonly key?: string;
}

/**
 * Topic (or `defaults`) → `partitions`, `replication` or `configs.NAME` → the value as written; '' means that
 * the topic was named.
 */
export type TopicEntries = Map<string, Map<string, Entry<string>>>;
