/**
 * One thing that was checked. The doctor's report is a list of these, and `-o json` prints them unchanged.
 */
export type Status = 'ok' | 'warning' | 'failed' | 'skipped';

export type Area =
  | 'dns'
  | 'tcp'
  | 'tls'
  | 'kafka'
  | 'authentication'
  | 'metadata'
  | 'topics'
  | 'rights'
  | 'group'
  | 'clock'
  | 'local';

export interface Check {
  readonly area: Area;
  /** The subject: a broker, a topic, a group. */
  readonly subject: string;
  readonly status: Status;
  readonly message: string;
  readonly remedy: string | null;
}

/** Collects the results for one subject of one area. */
export class Findings {
  readonly checks: Check[] = [];
  readonly #area: Area;
  readonly #subject: string;

  constructor(area: Area, subject: string) {
    this.#area = area;
    this.#subject = subject;
  }

  ok(message: string): void {
    this.#add('ok', message, null);
  }

  warning(message: string, remedy: string): void {
    this.#add('warning', message, remedy);
  }

  failed(message: string, remedy: string): void {
    this.#add('failed', message, remedy);
  }

  /** `message` says why it could not be checked. */
  skipped(message: string, remedy: string | null = null): void {
    this.#add('skipped', message, remedy);
  }

  #add(status: Status, message: string, remedy: string | null): void {
    this.checks.push({ area: this.#area, subject: this.#subject, status, message, remedy });
  }
}

export function hasFailed(checks: readonly Check[]): boolean {
  return checks.some(({ status }) => status === 'failed');
}

/** Names a configuration key, with its line if it has one. */
export type LineOf = (key: string) => string;

export function plural(count: number, word: string): string {
  return `${count.toLocaleString('en-US')} ${word}${count === 1 ? '' : 's'}`;
}

const LISTED_MAX = 8;

/** `a, b, c and 4 more`. */
export function listed(items: readonly (string | number)[]): string {
  const more = items.length - LISTED_MAX;
  return items.slice(0, LISTED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** A time span in the largest unit that is still precise: `7 days`, `90 minutes`. */
export function spanOf(ms: number): string {
  const [word, unitMs] = UNITS.find(([, unit]) => Math.abs(ms) >= 2 * unit) ?? ['second', 1_000];
  return plural(Math.round(ms / unitMs), word);
}
