/**
 * Whether the brokers answer this member, and the state of its group, from librdkafka's statistics. A broker
 * that hangs keeps its connections: nothing fails, nothing is logged, and nothing moves.
 */
import { DispatcherError } from '../../../core/errors.js';
import type { Trouble } from '../../../ports/source.js';
import { field, type Statistics } from '../../statistics/document.js';
import type { PartitionRegistry } from '../partition-registry.js';

/**
 * Brokers answer a fetch within `fetch.wait.max.ms`; if the answer is later than that by this much, they
 * hang.
 */
const SILENT_MS = 6_000;
/** Maximum number of brokers that a message names. */
const NAMES_MAX = 3;

/** In these states the coordinator owes this member an answer, or the member owes one. */
const JOINING: ReadonlySet<unknown> = new Set(['wait-join', 'wait-metadata', 'wait-sync']);

interface Silence {
  readonly sinceMs: number;
  readonly brokers: readonly string[];
}

export class Liveness {
  readonly #silentMs: number;
  #silence: Silence | undefined;
  #joinState: unknown;

  constructor(fetchWaitMaxMs: number) {
    this.#silentMs = SILENT_MS + fetchWaitMaxMs;
  }

  note(statistics: Statistics | undefined, registry: PartitionRegistry, nowMs: number): void {
    const document = statistics?.document;
    this.#joinState = field(field(document, 'cgrp'), 'join_state');
    this.#silence = silenceOf(leadersOf(document, registry), this.#silentMs, nowMs);
  }

  /** A JoinGroup or SyncGroup is pending: if librdkafka left now, its LeaveGroup would not be read. */
  get joining(): boolean {
    return JOINING.has(this.#joinState);
  }

  joinAnswered(): void {
    this.#joinState = undefined;
  }

  /** No leader of this member's partitions answers. */
  trouble(nowMs: number): Trouble | undefined {
    if (this.#silence === undefined) return undefined;
    const { sinceMs, brokers } = this.#silence;
    const named = brokers.slice(0, NAMES_MAX).join(', ') + (brokers.length > NAMES_MAX ? ' …' : '');
    return {
      error: new DispatcherError(
        'KAFKA_UNREACHABLE',
        `the consumer gets no answer from ${brokers.length > 1 ? 'brokers' : 'broker'} ${named}, ` +
          `for ${Math.round((nowMs - sinceMs) / 1000)} s: connected, but nothing comes back`,
        {
          remedy: 'check whether these brokers hang (a full disk, a long pause) or the network drops packets',
        },
      ),
    };
  }
}

/** The brokers that this member's partitions are read from. */
function leadersOf(document: unknown, registry: PartitionRegistry): ReadonlySet<unknown> {
  const wanted = new Set(
    registry.allOpen.map(({ topic, partition }) =>
      field(field(field(field(field(document, 'topics'), topic), 'partitions'), String(partition)), 'broker'),
    ),
  );
  const brokers = field(document, 'brokers');
  const all = typeof brokers === 'object' && brokers !== null ? Object.values(brokers) : [];
  return new Set(all.filter((broker: unknown) => wanted.has(field(broker, 'nodeid'))));
}

/** Undefined if one of them answers, or none is connected: another watch covers lost connections. */
function silenceOf(brokers: ReadonlySet<unknown>, silentMs: number, nowMs: number): Silence | undefined {
  const quietMs = [...brokers].map((broker) => (isWaiting(broker) ? microseconds(broker) / 1000 : 0));
  const least = Math.min(...quietMs);
  if (brokers.size === 0 || least < silentMs) return undefined;
  return { sinceMs: nowMs - least, brokers: [...brokers].map((broker) => String(field(broker, 'nodename'))) };
}

function isWaiting(broker: unknown): boolean {
  return field(broker, 'state') === 'UP' && Number(field(broker, 'waitresp_cnt')) > 0;
}

/** Time since the last byte from the broker. */
function microseconds(broker: unknown): number {
  const idle = field(broker, 'rxidle');
  return typeof idle === 'number' && idle >= 0 ? idle : 0;
}
