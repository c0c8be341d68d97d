/**
 * Connecting and leaving, around what node-rdkafka does there: it says little, late, and some calls never
 * come back.
 */

import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import { materialDiagnosis } from '../../diagnosis/diagnose.js';
import type { AdvertisedBroker } from '../../diagnosis/types.js';
import type { Logger } from '../../ports/logger.js';
import type { Trouble } from '../../ports/source.js';
import { KafkaCode } from '../errors.js';
import type { NativeBinding } from '../native.js';
import { errorText, type KafkaClient, kafkaErrorCode } from '../rdkafka.js';
import type { ClusterOptions } from './client-config.js';
import { ConnectReasons } from './connect-reasons.js';
import { ConnectionWatch } from './connection-watch.js';
import { LogBridge } from './log-bridge.js';

/**
 * How long all attempts of one `connect` may take together, where brokers answer but no connection comes
 * about.
 */
export const CONNECT_TIMEOUT_MS = 30_000;
/**
 * The same where it is known that no broker can be reached, and why: said at once, tried on for this long. So
 * every fault has ended a start within ten seconds; for a cluster that takes longer to come up there is
 * whoever starts us again (exit 3).
 */
export const UNREACHABLE_TIMEOUT_MS = 5_000;
/**
 * node-rdkafka's connect ends only at its timeout and can't be called off. So it is tried in slices, the
 * first one short, each with a new client: a refused password shows after a second, a slow broker gets its
 * time.
 */
const FIRST_SLICE_MS = 1_000;
/** Probes under way are waited for this long, however late it is: a reason is worth it. */
const LOOK_WAIT_MIN_MS = 1_000;
const ADVERTISED_AGAIN_MS = 1_000;
const LEAVE_TIMEOUT_MS = 2_000;
/** How late a line of librdkafka's log may come. */
const LOG_INTERVAL_MS = 50;

export interface ConnectOptions<C extends KafkaClient> {
  readonly role: ClientSide;
  readonly servers: string;
  /** With it, probes tell why nothing connects. */
  readonly cluster?: Pick<ClusterOptions, 'bootstrapServers' | 'properties' | 'origins'>;
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly native: Pick<NativeBinding, 'serveLog'>;
  /** A new client with a new handle for every attempt; throws when librdkafka refuses the properties. */
  readonly create: () => { readonly client: C; readonly handleId: number };
}

/** A connected client. It is left once, whoever asks and how often. */
export class ConnectedClient<C extends KafkaClient> {
  readonly client: C;
  readonly handleId: number;
  readonly log: LogBridge;
  readonly #role: ClientSide;
  readonly #watch: ConnectionWatch | undefined;
  #leaving: Promise<void> | undefined;
  #beforeLeaving: (() => void) | undefined;

  constructor(parts: {
    client: C;
    handleId: number;
    log: LogBridge;
    role: ClientSide;
    watch?: ConnectionWatch | undefined;
  }) {
    this.client = parts.client;
    this.handleId = parts.handleId;
    this.log = parts.log;
    this.#role = parts.role;
    this.#watch = parts.watch;
  }

  /** What keeps all brokers from us just now. */
  get trouble(): Trouble | undefined {
    return this.#watch?.trouble;
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
    this.#watch?.stop();
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

export async function connect<C extends KafkaClient>(
  options: ConnectOptions<C>,
): Promise<ConnectedClient<C>> {
  const { role, servers, cluster, logger, nowMs, timeoutMs } = options;
  const log = new LogBridge({ role, logger, nowMs });
  const reasons = new ConnectReasons({ role, servers, cluster, logger });
  const attempt = { options, log, reasons, startedMs: nowMs() };
  let sliceMs = Math.min(FIRST_SLICE_MS, timeoutMs);
  let unreachable = false;
  try {
    for (;;) {
      const connected = await tryOnce(attempt, sliceMs);
      if (connected instanceof ConnectedClient) return connected;
      const restMs = restOf(attempt, unreachable);
      const verdict = await reasons.verdict(
        Math.max(restMs, LOOK_WAIT_MIN_MS),
        nowMs() - attempt.startedMs,
        connected.cause,
      );
      unreachable = verdict.kind === 'unreachable';
      const leftMs = restOf(attempt, unreachable);
      if (verdict.kind === 'refused' || leftMs <= 0) throw verdict.error;
      reasons.tell(verdict, leftMs);
      sliceMs = Math.min(sliceMs * 2, Math.max(leftMs, 100));
    }
  } finally {
    reasons.end();
  }
}

interface Attempt<C extends KafkaClient> {
  readonly options: ConnectOptions<C>;
  readonly log: LogBridge;
  readonly reasons: ConnectReasons;
  readonly startedMs: number;
}

/** Known to be out of reach, nobody waits long; what answers but is slow gets its time. */
function restOf({ options, startedMs }: Attempt<KafkaClient>, unreachable: boolean): number {
  const limitMs = unreachable ? Math.min(options.timeoutMs, UNREACHABLE_TIMEOUT_MS) : options.timeoutMs;
  return limitMs - (options.nowMs() - startedMs);
}

async function tryOnce<C extends KafkaClient>(
  attempt: Attempt<C>,
  sliceMs: number,
): Promise<ConnectedClient<C> | { readonly cause: unknown }> {
  const { options, log, reasons } = attempt;
  const { client, handleId } = createClient(options);
  log.attach(client);
  reasons.listen(client);
  const stopServing = serveLog(client, handleId, options.native);
  const { cause, brokers } = await connectOnce(client, sliceMs);
  if (cause !== undefined) {
    stopServing();
    if (!isNetworkFailure(cause)) throw refusedAtOnce(options, cause);
    return { cause };
  }
  reasons.end();
  const { cluster, role, logger, nowMs } = options;
  const watch = cluster === undefined ? undefined : new ConnectionWatch({ cluster, role, logger, nowMs });
  const connected = new ConnectedClient({ client, handleId, log, role, watch });
  await requireAdvertised(attempt, connected, brokers);
  watch?.listen(client);
  return connected;
}

/**
 * Clients talk to the addresses that the brokers advertise. Where none of them is of use, the run would only
 * hang later.
 */
async function requireAdvertised<C extends KafkaClient>(
  attempt: Attempt<C>,
  connected: ConnectedClient<C>,
  brokers: readonly AdvertisedBroker[],
): Promise<void> {
  for (;;) {
    const verdict = await attempt.reasons.advertised(brokers, attempt.options.nowMs() - attempt.startedMs);
    if (verdict === undefined) return;
    const leftMs = restOf(attempt, true);
    if (verdict.kind === 'refused' || leftMs <= 0) {
      // Why it leaves counts, however slowly it does.
      await connected.disconnect(LEAVE_TIMEOUT_MS).catch(() => undefined);
      throw verdict.error;
    }
    attempt.reasons.tell(verdict, leftMs);
    await delay(Math.min(ADVERTISED_AGAIN_MS, leftMs));
  }
}

function createClient<C extends KafkaClient>(
  options: ConnectOptions<C>,
): { readonly client: C; readonly handleId: number } {
  try {
    return options.create();
  } catch (cause) {
    // librdkafka's refusals are plain errors; these are not its.
    if (cause instanceof DispatcherError || cause instanceof TypeError || cause instanceof ReferenceError)
      throw cause;
    throw refusedAtOnce(options, cause);
  }
}

interface Outcome {
  readonly cause: unknown;
  readonly brokers: readonly AdvertisedBroker[];
}

/**
 * node-rdkafka would take lines from librdkafka's threads while it is still making the thing that it wakes us
 * with (Dispatcher::Activate), and now and then the process would die of it; and what it had taken before it
 * was ready (a token refused within milliseconds) would lie there until the next event, which may never come.
 * So lines wait in a queue (`log.queue`) until node-rdkafka is ready, and this thread brings them.
 */
function serveLog(
  client: KafkaClient,
  handleId: number,
  native: ConnectOptions<KafkaClient>['native'],
): () => void {
  const stop = (): void => clearInterval(timer);
  const timer = setInterval(() => {
    if (client.isConnected() && !native.serveLog(handleId)) stop();
  }, LOG_INTERVAL_MS);
  timer.unref();
  (client as EventEmitter).once('disconnected', stop);
  return stop;
}

/**
 * Resolves with what went wrong, if anything; never rejects. After a failure node-rdkafka has disconnected
 * the client by itself.
 */
function connectOnce(client: KafkaClient, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    client.connect({ allTopics: false, timeout: timeoutMs }, (error: unknown, metadata: unknown) => {
      if (error === null || error === undefined) resolve({ cause: undefined, brokers: brokersIn(metadata) });
      else resolve({ cause: error, brokers: [] });
    });
  });
}

function brokersIn(metadata: unknown): AdvertisedBroker[] {
  if (
    typeof metadata !== 'object' ||
    metadata === null ||
    !('brokers' in metadata) ||
    !Array.isArray(metadata.brokers)
  )
    return [];
  return metadata.brokers.flatMap((broker: unknown) => {
    if (
      typeof broker !== 'object' ||
      broker === null ||
      !('id' in broker) ||
      !('host' in broker) ||
      !('port' in broker)
    )
      return [];
    return [{ nodeId: Number(broker.id), host: String(broker.host), port: Number(broker.port) }];
  });
}

function isNetworkFailure(error: unknown): boolean {
  const code = kafkaErrorCode(error);
  return code === KafkaCode._TRANSPORT || code === KafkaCode._TIMED_OUT;
}

/**
 * librdkafka would not even make the client: a contradiction between properties, or unusable TLS material.
 */
function refusedAtOnce({ role, cluster }: ConnectOptions<KafkaClient>, cause: unknown): DispatcherError {
  const material = cluster === undefined ? undefined : materialDiagnosis(cluster);
  if (material !== undefined) {
    return new DispatcherError('KAFKA_REFUSED', `the ${role} can't connect: ${material.message}`, {
      remedy: material.remedy,
      cause,
    });
  }
  const text = errorText(cause);
  const tls =
    !/configuration property|value/i.test(text) && /ssl|x509|certificate|pem|key values/i.test(text);
  return new DispatcherError(
    tls ? 'KAFKA_REFUSED' : 'CONFIGURATION',
    `the ${role} can't be set up: ${text}`,
    {
      remedy: tls
        ? 'check the certificate, its key and the CA: right files, PEM form, and belonging together'
        : `correct it under kafka.properties or kafka.${role}.properties`,
      cause,
    },
  );
}
