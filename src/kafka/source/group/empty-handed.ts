import { field, type Statistics } from '../../statistics/document.js';

/** The first answer comes with the first heartbeat, within a second. */
const QUIET_MS = 3_000;
/** librdkafka's name of its connection to the coordinator. */
const COORDINATOR = 'GroupCoordinator';
const AT_REST: ReadonlySet<unknown> = new Set(['init', 'steady']);

/**
 * With group.protocol: consumer librdkafka has no event for an assignment without partitions. The statistics
 * show it: no answer from the coordinator is pending, and nothing is assigned or being assigned.
 */
export class EmptyHanded {
  #sinceMs: number | undefined;
  #isReported = false;

  /** A rebalance event arrived. */
  event(): void {
    this.#sinceMs = undefined;
    this.#isReported = false;
  }

  /** True once after each event, if the group has evidently assigned nothing. */
  note(statistics: Statistics | undefined, nowMs: number): boolean {
    if (this.#isReported) return false;
    if (!hasNothing(statistics?.document)) {
      this.#sinceMs = undefined;
      return false;
    }
    this.#sinceMs ??= nowMs;
    this.#isReported = nowMs - this.#sinceMs >= QUIET_MS;
    return this.#isReported;
  }
}

function hasNothing(document: unknown): boolean {
  const group = field(document, 'cgrp');
  const coordinator = field(field(document, 'brokers'), COORDINATOR);
  return (
    field(group, 'state') === 'up' &&
    AT_REST.has(field(group, 'join_state')) &&
    field(group, 'assignment_size') === 0 &&
    field(coordinator, 'state') === 'UP' &&
    field(coordinator, 'waitresp_cnt') === 0
  );
}
