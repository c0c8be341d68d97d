import { DispatcherError } from '../errors.js';

/**
 * Beyond this many distinct reasons or codes, further ones are counted together as `OTHER`: a user's function
 * must not make memory grow without limit.
 */
export const REASONS_MAX = 100;
export const OTHER_REASON = 'OTHER';

/** How many distinct output topics are counted separately; clients allow no more in one run. */
export const TOPICS_MAX = 1000;
/** No topic can have this name. */
export const OTHER_TOPICS = '(other topics)';

/** An example of the records that were dead-lettered under a code. */
export interface DeadLetterExample {
  readonly message: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface DeadLettersOfCode {
  readonly count: number;
  /** The first record that was dead-lettered under the code. */
  readonly example: DeadLetterExample;
}

export interface AccountingSnapshot {
  /** Records that were read in an epoch that was open at the time. */
  readonly consumed: number;
  /** Records whose outputs are all acknowledged, or that were transformed into none. */
  readonly transformed: number;
  readonly filtered: number;
  readonly deadLettered: number;
  /** Records left to another member by a rebalance. */
  readonly handedOver: number;
  /** Offsets that were skipped unread: they were deleted, or the out-of-range policy skipped them. */
  readonly skipped: number;
  /** Acknowledged outputs, without dead letters. */
  readonly emitted: number;
  readonly retried: number;
  readonly filteredBy: Readonly<Record<string, number>>;
  readonly deadLetteredBy: Readonly<Record<string, DeadLettersOfCode>>;
  /** Acknowledged outputs by topic. */
  readonly emittedBy: Readonly<Record<string, number>>;
  readonly bytesIn: number;
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
  #skipped = 0;
  #emitted = 0;
  #retried = 0;
  #bytesIn = 0;
  readonly #filteredBy = new Counts(REASONS_MAX, OTHER_REASON);
  readonly #deadLetteredBy = new Counts(REASONS_MAX, OTHER_REASON);
  readonly #examples = new Map<string, DeadLetterExample>();
  readonly #emittedBy = new Counts(TOPICS_MAX, OTHER_TOPICS);

  consumed(records: number, bytes = 0): void {
    this.#consumed += count(records);
    this.#bytesIn += count(bytes);
  }

  transformed(records: number): void {
    this.#transformed += count(records);
  }

  filtered(reason: string, records: number): void {
    this.#filtered += count(records);
    this.#filteredBy.add(reason, records);
  }

  deadLettered(code: string, records: number, example: DeadLetterExample): void {
    this.#deadLettered += count(records);
    const name = this.#deadLetteredBy.add(code, records);
    if (!this.#examples.has(name)) this.#examples.set(name, example);
  }

  handedOver(records: number): void {
    this.#handedOver += count(records);
  }

  skipped(offsets: number): void {
    this.#skipped += count(offsets);
  }

  emitted(topic: string, records: number): void {
    this.#emitted += count(records);
    this.#emittedBy.add(topic, records);
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

  get read(): Pick<AccountingSnapshot, 'consumed' | 'bytesIn'> {
    return { consumed: this.#consumed, bytesIn: this.#bytesIn };
  }

  snapshot(): AccountingSnapshot {
    return {
      consumed: this.#consumed,
      transformed: this.#transformed,
      filtered: this.#filtered,
      deadLettered: this.#deadLettered,
      handedOver: this.#handedOver,
      skipped: this.#skipped,
      emitted: this.#emitted,
      retried: this.#retried,
      filteredBy: Object.fromEntries(this.#filteredBy.entries()),
      deadLetteredBy: this.#deadLettersByCode(),
      emittedBy: Object.fromEntries(this.#emittedBy.entries()),
      bytesIn: this.#bytesIn,
    };
  }

  #deadLettersByCode(): Readonly<Record<string, DeadLettersOfCode>> {
    const examples = this.#examples;
    return Object.fromEntries(
      [...this.#deadLetteredBy.entries()].flatMap(([code, records]) => {
        const example = examples.get(code);
        return example === undefined ? [] : [[code, { count: records, example }]];
      }),
    );
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

/** Counts by name; beyond `distinctMax` names the rest is counted together. */
class Counts {
  readonly #counts = new Map<string, number>();
  readonly #distinctMax: number;
  readonly #other: string;

  constructor(distinctMax: number, other: string) {
    this.#distinctMax = distinctMax;
    this.#other = other;
  }

  /** Returns the name under which they were counted. */
  add(given: string, records: number): string {
    const counts = this.#counts;
    const distinct = counts.size - (counts.has(this.#other) ? 1 : 0);
    const name = counts.has(given) || distinct < this.#distinctMax ? given : this.#other;
    if (records > 0) counts.set(name, (counts.get(name) ?? 0) + records);
    return name;
  }

  entries(): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }
}

function count(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new DispatcherError('ACCOUNTING', `a count of ${value} was recorded`);
  return value;
}
