/**
 * librdkafka's log lines and error events as log entries: each kind of line at most once per interval, with
 * the number suppressed.
 */

import type { EventEmitter } from 'node:events';
import type { ClientSide } from '../../core/client-side.js';
import type { Logger } from '../../ports/logger.js';
import { errorText } from '../rdkafka.js';

const REPEAT_INTERVAL_MS = 30_000;
/** Kinds of lines that are remembered; any further ones share one limit. */
const KINDS_MAX = 200;

interface KindState {
  lastLoggedMs: number;
  heldBack: number;
}

type Level = 'error' | 'warn' | 'info' | 'debug';

export interface LogBridgeOptions {
  readonly role: ClientSide;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

export class LogBridge {
  readonly #options: LogBridgeOptions;
  readonly #kinds = new Map<string, KindState>();

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
    client.on('event.throttle', (event: unknown) => this.entry('warn', 'THROTTLE', throttleText(event)));
  }

  entry(level: Level, facility: string, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const heldBack = this.#admit(`${facility} ${kindOf(text)}`);
    if (heldBack === undefined) return;
    const repeats = heldBack > 0 ? { heldBack } : {};
    this.#options.logger[level](`kafka ${this.#options.role}: ${text}`, { facility, ...repeats, ...fields });
  }

  #onLog(event: unknown): void {
    const line = logLine(event);
    if (line !== undefined) this.entry(quietly(line), line.facility, line.text);
  }

  /** How many lines of the kind were suppressed before; undefined = suppress this one too. */
  #admit(kind: string): number | undefined {
    const nowMs = this.#options.nowMs();
    const key = this.#kinds.has(kind) || this.#kinds.size < KINDS_MAX ? kind : '';
    const state = this.#kinds.get(key);
    if (state === undefined) {
      this.#kinds.set(key, { lastLoggedMs: nowMs, heldBack: 0 });
      return 0;
    }
    if (nowMs - state.lastLoggedMs < REPEAT_INTERVAL_MS) {
      state.heldBack += 1;
      return undefined;
    }
    const { heldBack } = state;
    state.lastLoggedMs = nowMs;
    state.heldBack = 0;
    return heldBack;
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

/** Syslog severities. A failed connection (FAIL, 3) is retried by librdkafka itself: a warning. */
function levelOf(line: LogLine): Level {
  // A producer's property set for all clients, as `kafka.properties` allows: librdkafka ignores it and logs
  // that.
  if (line.facility === 'CONFWARN' && /is a (producer|consumer) property and will be ignored/.test(line.text))
    return 'debug';
  if (line.severity <= 2) return 'error';
  if (line.severity <= 4) return 'warn';
  return line.severity <= 6 ? 'info' : 'debug';
}

/**
 * Timed-out requests, ended sessions, an idempotent producer that waits for its id; and a client's end, which
 * the run reports as its own error.
 */
const PASSING_FACILITIES = new Set(['REQTMOUT', 'SESSTMOUT', 'GETPID', 'BROKERDOWN', 'FATAL']);

function quietly(line: LogLine): Level {
  return isFailureLine(line) || PASSING_FACILITIES.has(line.facility) ? 'debug' : levelOf(line);
}

/** node-rdkafka passes on the text of an error event, but never its code. */
const CONNECTION_ERRORS =
  /broker transport failure|all broker connections are down|host resolution failure|timed out/i;

/** Lines that differ only in numbers are of one kind. */
function kindOf(text: string): string {
  return text.replace(/\d+/g, '#').slice(0, 200);
}

function throttleText(event: unknown): string {
  const fields =
    typeof event === 'object' && event !== null ? (event as Readonly<Record<string, unknown>>) : {};
  return (
    `broker ${String(fields['brokerName'])} throttles this client for ` +
    `${String(fields['throttleTime'])} ms (a quota)`
  );
}
