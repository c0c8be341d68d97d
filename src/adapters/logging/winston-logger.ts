/** The logger port on winston: operational events only, text on a terminal, JSON lines elsewhere. */
import type { Writable } from 'node:stream';
import winston from 'winston';
import { LeveledLogger, type Logger } from '../../ports/logger.js';
import type { Redact } from '../../secrets/redact.js';
import { jsonLine, type LogEvent, textLine } from './lines.js';
import { LogTail } from './log-tail.js';
import { RATE_LIMITS, RateLimiter, type RateLimits, type Suppressed } from './rate-limiter.js';

export type LogLevel = LogEvent['level'];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** auto: text when the stream is a terminal. */
  readonly format: 'auto' | 'text' | 'json';
  readonly stream: Writable & { readonly isTTY?: boolean };
  /** Default: on a terminal, unless NO_COLOR is set (the caller knows). */
  readonly colors?: boolean;
  /** Removes secrets from messages and from the values of fields. */
  readonly redact?: Redact;
  readonly limits?: RateLimits;
  readonly now?: () => Date;
}

export interface ClosableLogger extends Logger {
  readonly level: LogLevel;
  /** Its newest lines, without secrets. */
  readonly tail: LogTail;
  setLevel(level: LogLevel): void;
  /**
   * Writes summaries of suppressed messages, then waits until the stream has taken everything, at most
   * `deadlineMs`. Later messages are dropped.
   */
  close(deadlineMs: number): Promise<void>;
}

const LEVELS = { error: 0, warn: 1, info: 2, debug: 3 } as const;

export function createLogger(options: LoggerOptions): ClosableLogger {
  return new WinstonLogger(options);
}

/** auto: text when the stream is a terminal. */
export function isJson({ format, stream }: Pick<LoggerOptions, 'format' | 'stream'>): boolean {
  return format === 'json' || (format === 'auto' && stream.isTTY !== true);
}

class WinstonLogger extends LeveledLogger implements ClosableLogger {
  readonly tail = new LogTail();
  readonly #winston: winston.Logger;
  readonly #redact: Redact;
  readonly #stream: Writable;
  readonly #limiter: RateLimiter;
  readonly #limits: RateLimits;
  readonly #now: () => Date;
  #level: LogLevel;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoggerOptions) {
    super();
    const onTerminal = options.stream.isTTY === true;
    const asText = !isJson(options);
    const colors = options.colors ?? onTerminal;
    const redact = options.redact ?? ((text: string) => text);
    this.#redact = redact;
    // The event is one object under its own key: winston would merge fields named message or level into the
    // line's own.
    const format = winston.format.printf((info) => {
      const event = info['event'] as LogEvent;
      return asText ? textLine(event, colors, redact) : jsonLine(event, redact);
    });
    this.#winston = winston.createLogger({
      levels: LEVELS,
      level: 'debug',
      format,
      transports: [new winston.transports.Stream({ stream: options.stream, eol: '\n' })],
    });
    this.#stream = options.stream;
    this.#limits = options.limits ?? RATE_LIMITS;
    this.#limiter = new RateLimiter(this.#limits);
    this.#now = options.now ?? (() => new Date());
    this.#level = options.level;
  }

  get level(): LogLevel {
    return this.#level;
  }

  setLevel(level: LogLevel): void {
    this.#level = level;
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#closed) return;
    this.#summarise(this.#limiter.drain(this.#now().getTime()));
    this.#closed = true;
    clearTimeout(this.#timer);
    const flushed = new Promise<void>((resolve) => {
      this.#winston.once('finish', () => {
        // winston has written everything; an empty write calls back when the stream has written it too.
        if (this.#stream.writableEnded || this.#stream.destroyed) resolve();
        else this.#stream.write('', () => resolve());
      });
    });
    this.#winston.end();
    let deadline: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([flushed, late]);
    clearTimeout(deadline);
  }

  protected log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    // Checked here: a disabled call through winston costs ten times as much.
    if (this.#closed || LEVELS[level] > LEVELS[this.#level]) return;
    const time = this.#now();
    const { pass, ended } = this.#limiter.admit(`${level} ${message}`, time.getTime());
    this.#summarise(ended);
    if (pass) this.#write({ time, level, message, fields });
    else this.#timer ??= setTimeout(() => this.#expire(), this.#limits.windowMs).unref();
  }

  #expire(): void {
    this.#timer = undefined;
    this.#summarise(this.#limiter.expire(this.#now().getTime()));
    if (this.#limiter.suppressing)
      this.#timer = setTimeout(() => this.#expire(), this.#limits.windowMs).unref();
  }

  #summarise(ended: readonly Suppressed[]): void {
    for (const { key, count, elapsedMs } of ended) {
      const cut = key.indexOf(' ');
      const level = key.slice(0, cut) as LogLevel;
      const times =
        `× ${count.toLocaleString('en-US')} more in ` + `${Math.max(1, Math.round(elapsedMs / 1_000))} s`;
      this.#write({
        time: this.#now(),
        level,
        message: `${key.slice(cut + 1)} (${times})`,
        fields: { repeated: count },
      });
    }
  }

  #write(event: LogEvent): void {
    this.tail.add(jsonLine(event, this.#redact));
    this.#winston.log({ level: event.level, message: event.message, event });
  }
}
