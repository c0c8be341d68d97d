/** The logger port on winston: operational events only, text on a terminal, JSON lines elsewhere. */
import type { Writable } from 'node:stream';
import winston from 'winston';
import { LOG_LEVELS, type LogLevel, type LogLevels, levelOf } from '../../core/log/areas.js';
import { sampledLine } from '../../core/log/line-limit.js';
import type { Logger } from '../../ports/logger.js';
import type { Redact } from '../../secrets/redact.js';
import { journalLine, jsonLine, type LogEvent, textLine } from './lines.js';
import { LogTail } from './log-tail.js';
import { RATE_LIMITS, RateLimiter, type RateLimits, type Suppressed } from './rate-limiter.js';
import { forRecords } from './records-only.js';
import { type LogScope, ScopedLogger, type WriteLine } from './scoped-logger.js';

export interface LoggerOptions {
  readonly levels: LogLevels;
  /** auto: text when the stream is a terminal. */
  readonly format: 'auto' | 'text' | 'json';
  readonly stream: Writable & { readonly isTTY?: boolean };
  /** Default: on a terminal, unless NO_COLOR is set (the caller knows). */
  readonly colors?: boolean;
  /** The stream is systemd's journal: text lines begin with their priority, and have no time. */
  readonly toJournal?: boolean;
  /** Removes secrets from messages and from the values of fields. */
  readonly redact?: Redact;
  readonly limits?: RateLimits;
  readonly now?: () => Date;
}

export interface ClosableLogger extends Logger {
  /** Its newest lines, without secrets. */
  readonly tail: LogTail;
  setLevels(levels: LogLevels): void;
  /** The same log with further fields in every line. */
  with(fields: Readonly<Record<string, unknown>>): Logger;
  /**
   * Writes summaries of suppressed messages, then waits until the stream has taken everything, at most
   * `deadlineMs`. Later messages are dropped.
   */
  close(deadlineMs: number): Promise<void>;
}

const RANKS = Object.fromEntries(LOG_LEVELS.map((level, rank) => [level, rank])) as Record<LogLevel, number>;

export function createLogger(options: LoggerOptions): ClosableLogger {
  return new WinstonLogger(options);
}

/** auto: text when the stream is a terminal. */
export function isJson({ format, stream }: Pick<LoggerOptions, 'format' | 'stream'>): boolean {
  return format === 'json' || (format === 'auto' && stream.isTTY !== true);
}

interface Line {
  readonly scope: LogScope;
  readonly level: LogLevel;
  readonly message: string;
}

class WinstonLogger extends ScopedLogger implements ClosableLogger {
  readonly tail = new LogTail();
  readonly #winston: winston.Logger;
  readonly #redact: Redact;
  readonly #stream: Writable;
  readonly #limiter: RateLimiter<Line>;
  readonly #limits: RateLimits;
  readonly #now: () => Date;
  #levels: LogLevels;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LoggerOptions) {
    super({ area: undefined, fields: {} });
    const onTerminal = options.stream.isTTY === true;
    const asText = !isJson(options);
    const colors = options.colors ?? onTerminal;
    const redact = options.redact ?? ((text: string) => text);
    this.#redact = redact;
    // The event is one object under its own key: winston would merge fields named message or level into the
    // line's own.
    const format = winston.format.printf((info) => {
      const event = info['event'] as LogEvent;
      if (!asText) return jsonLine(event, redact);
      return options.toJournal === true ? journalLine(event, redact) : textLine(event, colors, redact);
    });
    this.#winston = winston.createLogger({
      levels: RANKS,
      level: 'debug',
      format,
      transports: [new winston.transports.Stream({ stream: forRecords(options.stream), eol: '\n' })],
    });
    this.#stream = options.stream;
    this.#limits = options.limits ?? RATE_LIMITS;
    this.#limiter = new RateLimiter(this.#limits);
    this.#now = options.now ?? (() => new Date());
    this.#levels = options.levels;
  }

  setLevels(levels: LogLevels): void {
    this.#levels = levels;
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

  protected override readonly write: WriteLine = (scope, level, message, fields) => {
    // Checked here: a disabled call through winston costs ten times as much.
    if (this.#closed || RANKS[level] > RANKS[levelOf(this.#levels, scope.area)]) return;
    const time = this.#now();
    const line = { scope, level, message };
    const { pass, ended } = this.#limiter.admit(keyOf(line), line, time.getTime());
    this.#summarise(ended);
    if (pass) this.#write({ time, level, area: scope.area, message, fields: { ...scope.fields, ...fields } });
    else this.#timer ??= setTimeout(() => this.#expire(), this.#limits.windowMs).unref();
  };

  #expire(): void {
    this.#timer = undefined;
    this.#summarise(this.#limiter.expire(this.#now().getTime()));
    if (this.#limiter.suppressing)
      this.#timer = setTimeout(() => this.#expire(), this.#limits.windowMs).unref();
  }

  #summarise(ended: readonly Suppressed<Line>[]): void {
    for (const { subject, ...held } of ended) {
      const { level, scope } = subject;
      const { message, fields } = sampledLine(subject.message, held);
      this.#write({
        time: this.#now(),
        level,
        area: scope.area,
        message,
        fields: { ...scope.fields, ...fields },
      });
    }
  }

  #write(event: LogEvent): void {
    this.tail.add(jsonLine(event, this.#redact));
    this.#winston.log({ level: event.level, message: event.message, event });
  }
}

/** Lines with the same key count as equal. */
function keyOf({ scope, level, message }: Line): string {
  const own = Object.values(scope.fields);
  return `${level} ${scope.area ?? ''} ${own.length === 0 ? '' : JSON.stringify(own)} ${message}`;
}
