import { DispatcherError } from '../errors.js';

/**
 * Beyond this many distinct reasons or codes, further ones are counted together as `OTHER`: a user's function
 * must not grow our memory without limit.
 */
export const REASONS_MAX = 100;
export const OTHER_REASON = 'OTHER';

export interface AccountingSnapshot {
  /** Records that were read in an epoch that was open at the time. */
  readonly consumed: number;
  /** Records whose outputs are all acknowledged, or that were transformed into none. */
  readonly transformed: number;
  readonly filtered: number;
  readonly deadLettered: number;
  /** Records left to another member by a rebalance. */
  readonly handedOver: number;
  /** Acknowledged outputs, without dead letters. */
  readonly emitted: number;
  readonly retried: number;
  readonly filteredBy: Readonly<Record<string, number>>;
  readonly deadLetteredBy: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/**
 * The counters of a run, and its law: consumed = transformed + filtered + deadLettered + handedOver +
 * unsettled.
 */
export class Accounting {
  #consumed = 0;
  #transformed = 0;
  #filtered = 0;
  #deadLettered = 0;
  #handedOver = 0;
  #emitted = 0;
  #retried = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  readonly #filteredBy = new Map<string, number>();
  readonly #deadLetteredBy = new Map<string, number>();

  consumed(records: number, bytes = 0): void {
    this.#consumed += count(records);
    this.#bytesIn += count(bytes);
  }

  transformed(records: number): void {
    this.#transformed += count(records);
  }

  filtered(reason: string, records: number): void {
    this.#filtered += count(records);
    addTo(this.#filteredBy, reason, records);
  }

  deadLettered(code: string, records: number): void {
    this.#deadLettered += count(records);
    addTo(this.#deadLetteredBy, code, records);
  }

  handedOver(records: number): void {
    this.#handedOver += count(records);
  }

  emitted(records: number, bytes = 0): void {
    this.#emitted += count(records);
    this.#bytesOut += count(bytes);
  }

  retried(records: number): void {
    this.#retried += count(records);
  }

  /** Records given up by a rewind: this run reads them again, so they are taken out of `consumed`. */
  rewound(records: number): void {
    this.#consumed -= count(records);
    this.#retried += records;
  }

  /** Records that have an outcome: transformed, filtered or dead-lettered. */
  get settled(): number {
    return this.#transformed + this.#filtered + this.#deadLettered;
  }

  /** The number of unsettled records that makes the law hold. */
  get outstanding(): number {
    return this.#consumed - this.settled - this.#handedOver;
  }

  snapshot(): AccountingSnapshot {
    return {
      consumed: this.#consumed,
      transformed: this.#transformed,
      filtered: this.#filtered,
      deadLettered: this.#deadLettered,
      handedOver: this.#handedOver,
      emitted: this.#emitted,
      retried: this.#retried,
      filteredBy: Object.fromEntries(this.#filteredBy),
      deadLetteredBy: Object.fromEntries(this.#deadLetteredBy),
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
    };
  }

  /**
   * Checks the law against a count of unsettled records from elsewhere. Returns an error when the numbers do
   * not add up (exit 1).
   */
  check(unsettled: number): DispatcherError | undefined {
    if (this.outstanding === unsettled && unsettled >= 0) return undefined;
    const { consumed, transformed, filtered, deadLettered, handedOver } = this.snapshot();
    const sum = transformed + filtered + deadLettered + handedOver + unsettled;
    return new DispatcherError(
      'ACCOUNTING',
      `the numbers of the run do not add up: ${consumed} consumed, but ${transformed} transformed + ` +
        `${filtered} filtered + ` +
        `${deadLettered} dead-lettered + ${handedOver} handed over + ${unsettled} unsettled = ${sum}`,
      { remedy: 'this is a bug in Kafka-Dispatcher; please report it' },
    );
  }
}

function addTo(counts: Map<string, number>, reason: string, records: number): void {
  if (records === 0) return;
  const distinct = counts.size - (counts.has(OTHER_REASON) ? 1 : 0);
  const known = counts.has(reason) || distinct < REASONS_MAX;
  const name = known ? reason : OTHER_REASON;
  counts.set(name, (counts.get(name) ?? 0) + records);
}

function count(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new DispatcherError('ACCOUNTING', `a count of ${value} was recorded`);
  return value;
}
