/**
 * One thing that was looked at. The doctor's report is a list of these, and `-o json` prints them as they
 * are.
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
  /** Of what: a broker, a topic, a group. */
  readonly subject: string;
  readonly status: Status;
  readonly message: string;
  readonly remedy: string | null;
}

/** What is said of one subject of one area. */
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

  /** `message` says why it could not be asked. */
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

/** Names a key of the configuration with the line where it stands, where there is one. */
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

/** In the largest unit that still says it well: `7 days`, `90 minutes`. */
export function spanOf(ms: number): string {
  const [word, unitMs] = UNITS.find(([, unit]) => Math.abs(ms) >= 2 * unit) ?? ['second', 1_000];
  return plural(Math.round(ms / unitMs), word);
}
