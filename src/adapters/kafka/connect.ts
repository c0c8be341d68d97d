/** Connecting and leaving, around what node-rdkafka does there: it says little, late, and some calls never come back. */
import type { EventEmitter } from 'node:events';
import { DispatcherError } from '../../core/errors.js';
import type { Logger } from '../../ports/logger.js';
import { type ClientRole, connectFailure, KafkaCode } from './errors.js';
import { LogBridge, logLine } from './log-bridge.js';
import { errorText, type KafkaClient, kafkaErrorCode } from './rdkafka.js';

/** How long all attempts of one `connect` may take together. */
export const CONNECT_TIMEOUT_MS = 30_000;
/**
 * node-rdkafka's connect ends only at its timeout and can't be called off. So it is tried in slices, the first one short, each with a new client:
 * a refused password is known after two seconds, a slow broker gets its time.
 */
const FIRST_SLICE_MS = 2_000;
/** Brokers whose last failure is remembered at most. */
const BROKERS_MAX = 100;

export interface ConnectOptions<C extends KafkaClient> {
  readonly role: ClientRole;
  readonly servers: string;
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** A new client with a new handle for every attempt; throws when librdkafka refuses the properties. */
  readonly create: () => { readonly client: C; readonly handleId: number };
}

/** A connected client. It is left once, whoever asks and how often. */
export class ConnectedClient<C extends KafkaClient> {
  readonly client: C;
  readonly handleId: number;
  readonly log: LogBridge;
  readonly #role: ClientRole;
  #leaving: Promise<void> | undefined;
  #beforeLeaving: (() => void) | undefined;

  constructor(parts: { client: C; handleId: number; log: LogBridge; role: ClientRole }) {
    this.client = parts.client;
    this.handleId = parts.handleId;
    this.log = parts.log;
    this.#role = parts.role;
  }

  /** What has to end before the client does; called at least once. */
  onLeaving(callback: () => void): void {
    this.#beforeLeaving = callback;
  }

  get leaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** node-rdkafka drops the callback of a second disconnect: there is only one, and all share its promise. */
  disconnect(deadlineMs: number): Promise<void> {
    this.#beforeLeaving?.();
    this.#leaving ??= this.#disconnect(deadlineMs);
    return this.#leaving;
  }

  #disconnect(deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new DispatcherError('DRAIN_CUT', `the ${this.#role} did not leave Kafka within ${deadlineMs} ms`, {
            remedy: 'nothing was lost: what is not committed comes again at the next start',
          }),
        );
      }, deadlineMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      try {
        // A producer flushes first; what is not delivered by then is given up with the handle.
        if (this.#role === 'producer') this.client.disconnect(Math.floor(deadlineMs / 2), done);
        else this.client.disconnect(done);
      } catch {
        // "Producer not connected": it is gone already.
        done();
      }
    });
  }
}

export async function connect<C extends KafkaClient>(options: ConnectOptions<C>): Promise<ConnectedClient<C>> {
  const failures = new FailureLines();
  const log = new LogBridge({ role: options.role, logger: options.logger, nowMs: options.nowMs });
  const deadlineMs = options.nowMs() + options.timeoutMs;
  let sliceMs = Math.min(FIRST_SLICE_MS, options.timeoutMs);
  for (;;) {
    const { client, handleId } = createClient(options);
    log.attach(client);
    failures.listen(client);
    const cause = await connectOnce(client, sliceMs);
    if (cause === undefined) return new ConnectedClient({ client, handleId, log, role: options.role });
    if (!isNetworkFailure(cause)) throw refusedAtOnce(options, cause);
    const failure = connectFailure(options.role, options.servers, options.timeoutMs, { lines: failures.lines(), cause });
    const restMs = deadlineMs - options.nowMs();
    if (failure.code === 'KAFKA_REFUSED' || restMs <= 0) throw failure;
    sliceMs = Math.min(sliceMs * 2, Math.max(restMs, 100));
  }
}

function createClient<C extends KafkaClient>(options: ConnectOptions<C>): { readonly client: C; readonly handleId: number } {
  try {
    return options.create();
  } catch (cause) {
    // librdkafka's refusals are plain errors; these are not its.
    if (cause instanceof DispatcherError || cause instanceof TypeError || cause instanceof ReferenceError) throw cause;
    throw refusedAtOnce(options, cause);
  }
}

/** Resolves with what went wrong; never rejects. After a failure node-rdkafka has disconnected the client by itself. */
function connectOnce(client: KafkaClient, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve) => {
    client.connect({ allTopics: false, timeout: timeoutMs }, (error: unknown) => {
      resolve(error === null || error === undefined ? undefined : error);
    });
  });
}

function isNetworkFailure(error: unknown): boolean {
  const code = kafkaErrorCode(error);
  return code === KafkaCode._TRANSPORT || code === KafkaCode._TIMED_OUT;
}

/** librdkafka would not even make the client: a contradiction between properties, or unusable TLS material. */
function refusedAtOnce(options: ConnectOptions<KafkaClient>, cause: unknown): DispatcherError {
  const text = errorText(cause);
  const tls = !/configuration property|value/i.test(text) && /ssl|x509|certificate|pem|key values/i.test(text);
  return new DispatcherError(tls ? 'KAFKA_REFUSED' : 'CONFIGURATION', `the ${options.role} can't be set up: ${text}`, {
    remedy: tls
      ? 'check the certificate, its key and the CA: right files, PEM form, and belonging together'
      : `correct it under kafka.properties or kafka.${options.role}.properties`,
    cause,
  });
}

/** The last failure that librdkafka logged for each broker. Its log is the only place where the reason is told. */
class FailureLines {
  readonly #byBroker = new Map<string, string>();

  listen(client: EventEmitter): void {
    client.on('event.log', (event: unknown) => this.#note(event));
  }

  #note(event: unknown): void {
    const line = logLine(event);
    if (line === undefined || line.severity > 6 || !isFailure(line.facility, line.text)) return;
    const broker = /^(\S+): /.exec(line.text)?.[1] ?? '';
    if (!this.#byBroker.has(broker) && this.#byBroker.size >= BROKERS_MAX) return;
    this.#byBroker.set(broker, line.text);
  }

  lines(): string[] {
    return [...this.#byBroker.values()];
  }
}

function isFailure(facility: string, text: string): boolean {
  return facility === 'FAIL' || facility === 'ERROR' || /No matching issuer|Disconnected/.test(text);
}
