import type { RejectedRow, Rejection } from '../../ports/transform-pool.js';
import { isCode } from './rejected.js';

/**
 * Maximum number of distinct names per worker; further ones are counted as OTHER. Below 127, the number of
 * values in an outcome byte.
 */
const DISTINCT_NAMES_MAX = 100;
const OTHER = 'OTHER';

/** Shared by all tasks that count nothing, so it must never be changed. */
const NONE: readonly never[] = Object.freeze([]);

/**
 * Counts the reasons (or codes) of one task and numbers them in order of first use. The answer keeps both
 * lists, so the next task starts new ones.
 */
export class Tally {
  #names: string[] | undefined;
  #counts: number[] | undefined;
  readonly #numbers = new Map<string, number>();
  readonly #everSeen = new Set<string>();

  begin(): void {
    if (this.#names === undefined) return;
    this.#names = undefined;
    this.#counts = undefined;
    this.#numbers.clear();
  }

  get names(): readonly string[] {
    return this.#names ?? NONE;
  }

  get counts(): readonly number[] {
    return this.#counts ?? NONE;
  }

  /** Returns the name's number in this task. */
  add(name: string): number {
    const counted = this.#admit(name);
    this.#names ??= [];
    this.#counts ??= [];
    let number = this.#numbers.get(counted);
    if (number === undefined) {
      number = this.#names.length;
      this.#numbers.set(counted, number);
      this.#names.push(counted);
      this.#counts.push(0);
    }
    this.#counts[number] = (this.#counts[number] ?? 0) + 1;
    return number;
  }

  #admit(name: string): string {
    if (this.#everSeen.has(name)) return name;
    if (!isCode(name) || this.#everSeen.size >= DISTINCT_NAMES_MAX) return OTHER;
    this.#everSeen.add(name);
    return name;
  }
}

/** Maximum length of an example's message: there may be as many examples as codes. */
const EXAMPLE_CHARACTERS_MAX = 500;

/** Counts codes and keeps the first record of each. */
export class RejectionTally extends Tally {
  #examples: RejectedRow[] | undefined;

  override begin(): void {
    super.begin();
    this.#examples = undefined;
  }

  /** One example per code, in the order of `names`. */
  get examples(): readonly RejectedRow[] {
    return this.#examples ?? NONE;
  }

  /** `shown` is called for the first record of a code only. */
  addRow(row: number, code: string, shown: () => Rejection): number {
    const number = this.add(code);
    this.#examples ??= [];
    if (number === this.#examples.length) this.#examples.push({ row, message: shortened(shown().message) });
    return number;
  }
}

function shortened(message: string): string {
  return message.length > EXAMPLE_CHARACTERS_MAX
    ? `${message.slice(0, EXAMPLE_CHARACTERS_MAX - 1)}…`
    : message;
}
