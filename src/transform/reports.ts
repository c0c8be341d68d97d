import { LeveledLogger } from '../ports/logger.js';
import type { TransformCount, TransformLog } from '../ports/transform-pool.js';
import type { TransformLogger, TransformMetrics } from './types.js';

const LOGS_MAX = 100;
const LOG_TEXT_MAX = 4096;
const SERIES_MAX = 200;
/**
 * Maximum length of a metric's name and of a label's name and value, so that hostile records can't fill
 * memory with them.
 */
const NAME_MAX = 200;

/**
 * Collects what the user's code logs and counts until the next task answers. Limited; what exceeds the limits
 * is counted and reported once.
 */
export class Reports extends LeveledLogger implements TransformLogger, TransformMetrics {
  #logs: TransformLog[] = [];
  #logsDropped = 0;
  #counts = new Map<string, { name: string; value: number; labels?: Readonly<Record<string, string>> }>();
  #observations = new Map<string, { value: number; times: number; min: number; max: number }>();
  #countsDropped = 0;

  count(name: string, value = 1, labels?: Readonly<Record<string, string>>): void {
    if (!Number.isFinite(value)) return;
    const plain = labels === undefined ? undefined : plainLabels(labels);
    const short = cut(name);
    const series = plain === undefined ? short : `${short} ${JSON.stringify(plain)}`;
    const known = this.#counts.get(series);
    if (known !== undefined) known.value += value;
    else if (this.#counts.size >= SERIES_MAX) this.#countsDropped += 1;
    else this.#counts.set(series, { name: short, value, ...(plain === undefined ? {} : { labels: plain }) });
  }

  observe(name: string, value: number): void {
    if (!Number.isFinite(value)) return;
    const short = cut(name);
    const known = this.#observations.get(short);
    if (known !== undefined) {
      known.value += value;
      known.times += 1;
      known.min = Math.min(known.min, value);
      known.max = Math.max(known.max, value);
    } else if (this.#observations.size >= SERIES_MAX) this.#countsDropped += 1;
    else this.#observations.set(short, { value, times: 1, min: value, max: value });
  }

  takeLogs(): readonly TransformLog[] | undefined {
    if (this.#logsDropped > 0)
      this.#logs.push({
        level: 'warn',
        message: `${this.#logsDropped} more log entries of the transform were dropped`,
      });
    if (this.#countsDropped > 0)
      this.#logs.push({
        level: 'warn',
        message:
          `${this.#countsDropped} values of context.metrics were left out: ` +
          `of each kind, at most ${SERIES_MAX} names and sets of labels are counted in one batch`,
      });
    if (this.#logs.length === 0) return undefined;
    const taken = this.#logs;
    this.#logs = [];
    this.#logsDropped = 0;
    this.#countsDropped = 0;
    return taken;
  }

  takeCounts(): readonly TransformCount[] | undefined {
    if (this.#counts.size === 0 && this.#observations.size === 0) return undefined;
    const taken = [
      ...[...this.#counts.values()].map((count) => ({ ...count, kind: 'count' as const })),
      ...[...this.#observations].map(([name, { value, ...observed }]) => ({
        kind: 'observe' as const,
        name,
        value,
        observed,
      })),
    ];
    this.#counts = new Map();
    this.#observations = new Map();
    return taken;
  }

  /** The user's code may pass anything, whatever the types say. */
  protected log(level: TransformLog['level'], message: unknown, fields: unknown): void {
    if (this.#logs.length >= LOGS_MAX) {
      this.#logsDropped += 1;
      return;
    }
    const text = String(message).slice(0, LOG_TEXT_MAX);
    const plain = plainFields(fields);
    this.#logs.push(plain === undefined ? { level, message: text } : { level, message: text, fields: plain });
  }
}

/**
 * Only JSON data is passed to the main thread: functions, cycles and BigInts in the user's objects must not
 * break a result.
 */
function plainFields(fields: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined;
  try {
    const text = JSON.stringify(fields, (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    if (text.length > LOG_TEXT_MAX) return { fields: text.slice(0, LOG_TEXT_MAX) };
    const parsed: unknown = JSON.parse(text);
    return isFields(parsed) ? parsed : undefined;
  } catch {
    return { fields: 'could not be written as JSON' };
  }
}

function cut(text: unknown): string {
  return String(text).slice(0, NAME_MAX);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function plainLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels)
      .slice(0, 10)
      .map(([name, value]) => [cut(name), cut(value)]),
  );
}
