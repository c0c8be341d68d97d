import type { RejectedRow, Rejection } from '../../ports/transform-pool.js';
import { isCode } from './rejected.js';

/**
 * Distinct names a worker reports in its life; whatever comes later is counted as OTHER. Below the 127 that
 * an outcome byte can tell apart.
 */
const DISTINCT_NAMES_MAX = 100;
const OTHER = 'OTHER';

/** Shared by all tasks that count nothing, so nothing may be added to it. */
const NONE: readonly never[] = Object.freeze([]);

/**
 * Counts reasons (or codes) of one task; numbers them in the order of their first use. An answer keeps the
 * two lists, so the next task begins with others and never changes them.
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

/** Characters of an example's message: as many may wait in the books as there are codes. */
const EXAMPLE_CHARACTERS_MAX = 500;

/** Counts codes, and keeps the first record of each. */
export class RejectionTally extends Tally {
  #examples: RejectedRow[] | undefined;

  override begin(): void {
    super.begin();
    this.#examples = undefined;
  }

  /** Index-parallel to `names`. */
  get examples(): readonly RejectedRow[] {
    return this.#examples ?? NONE;
  }

  addRow(row: number, { code, message }: Rejection): number {
    const number = this.add(code);
    this.#examples ??= [];
    if (number === this.#examples.length) this.#examples.push({ row, message: shortened(message) });
    return number;
  }
}

function shortened(message: string): string {
  return message.length > EXAMPLE_CHARACTERS_MAX
    ? `${message.slice(0, EXAMPLE_CHARACTERS_MAX - 1)}…`
    : message;
}
