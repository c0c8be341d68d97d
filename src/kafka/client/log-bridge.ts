/**
 * librdkafka's log lines and error events as log entries: each kind of line at most once per interval, with
 * the number suppressed.
 */

import type { EventEmitter } from 'node:events';
import type { ClientSide } from '../../core/client-side.js';
import { LineLimit, sampledLine } from '../../core/log/line-limit.js';
import { inArea, type Logger, type LogMethod } from '../../ports/logger.js';
import { errorText } from '../rdkafka.js';
import { field } from '../statistics/document.js';

const LIMITS = { intervalMs: 60_000, kindsMax: 200 };

type Level = LogMethod;
type Fields = Readonly<Record<string, unknown>>;

export interface LogBridgeOptions {
  readonly role: ClientSide;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

export class LogBridge {
  readonly #options: LogBridgeOptions;
  readonly #limit = new LineLimit(LIMITS);

  constructor(options: LogBridgeOptions) {
    this.#options = options;
  }

  /**
   * librdkafka's lines about connections and sessions are logged at debug only: connect and the connection
   * watch find the reason and report it once.
   */
  attach(client: EventEmitter): void {
    client.on('event.log', (event: unknown) => this.#onLog(event));
    client.on('event.error', (error: unknown) =>
      this.entry(CONNECTION_ERRORS.test(errorText(error)) ? 'debug' : 'warn', 'ERROR', errorText(error)),
    );
    client.on('event.throttle', (event: unknown) => this.#onThrottle(event));
  }

  #onThrottle(event: unknown): void {
    // The end of a throttle is an event as well, of 0 ms.
    const isOver = Number(field(event, 'throttleTime')) === 0;
    this.entry(isOver ? 'debug' : 'warn', 'THROTTLE', isOver ? throttleEnd(event) : throttleText(event));
  }

  /** An event of a client in kd's words. */
  entry(level: Level, facility: string, text: string, fields: Fields = {}): void {
    this.#log(inArea(this.#options.logger, 'kafka'), level, { facility, text }, fields);
  }

  #onLog(event: unknown): void {
    const line = logLine(event);
    if (line === undefined) return;
    const { severity } = line;
    this.#log(inArea(this.#options.logger, 'librdkafka'), levelOf(line), line, { severity });
  }

  #log(logger: Logger, level: Level, said: Pick<LogLine, 'facility' | 'text'>, fields: Fields): void {
    const { role, nowMs } = this.#options;
    const held = this.#limit.admit(`${said.facility} ${kindOf(said.text)}`, nowMs());
    if (held === undefined) return;
    const line = sampledLine(`kafka ${role}: ${said.text}`, held);
    logger[level](line.message, { facility: said.facility, ...fields, ...line.fields });
  }
}

export interface LogLine {
  readonly severity: number;
  readonly facility: string;
  readonly text: string;
}

/** The text of an `event.log`, without a leading `[thrd:…]: `. */
export function logLine(event: unknown): LogLine | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const severity = 'severity' in event && typeof event.severity === 'number' ? event.severity : 6;
  const facility = 'fac' in event && typeof event.fac === 'string' ? event.fac : '';
  const message = 'message' in event && typeof event.message === 'string' ? event.message : '';
  return { severity, facility, text: message.replace(/^\[thrd:[^\]]*\]: /, '') };
}

/** A line about a failed connection: only librdkafka's log has the reason. */
export function isFailureLine({ severity, facility, text }: LogLine): boolean {
  return (
    severity <= 6 &&
    (facility === 'FAIL' ||
      facility === 'ERROR' ||
      facility === 'OIDC' ||
      /No matching issuer|Disconnected/.test(text))
  );
}

/**
 * Everything at debug: what matters of it, kd finds out and says in its own words. A client's end (FATAL) is
 * the error of its run; other emergencies and alerts of syslog are defects of the library.
 */
function levelOf({ severity, facility }: LogLine): Level {
  return severity <= 1 && facility !== 'FATAL' ? 'error' : 'debug';
}

/** node-rdkafka passes on the text of an error event, but never its code. */
const CONNECTION_ERRORS =
  /broker transport failure|all broker connections are down|host resolution failure|timed out/i;

/** Lines that differ only in numbers are of one kind. */
function kindOf(text: string): string {
  return text.replace(/\d+/g, '#').slice(0, 200);
}

function throttleText(event: unknown): string {
  return (
    `broker ${String(field(event, 'brokerName'))} throttles this client for ` +
    `${String(field(event, 'throttleTime'))} ms (a quota)`
  );
}

function throttleEnd(event: unknown): string {
  return `broker ${String(field(event, 'brokerName'))} throttles this client no longer`;
}
