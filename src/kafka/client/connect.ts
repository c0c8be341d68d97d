/** Connects clients. node-rdkafka reports little and late, and its connect can't be cancelled. */
import { setTimeout as delay } from 'node:timers/promises';
import type { AdvertisedBroker } from '../../diagnosis/types.js';
import type { KafkaClient } from '../rdkafka.js';
import {
  type ConnectOptions,
  connectOnce,
  createClient,
  isNetworkFailure,
  refusedAtOnce,
  serveLog,
} from './connect-once.js';
import { ConnectReasons } from './connect-reasons.js';
import { ConnectedClient } from './connected-client.js';
import { ConnectionWatch } from './connection-watch.js';
import { LogBridge } from './log-bridge.js';

/** The time limit for all attempts of one `connect`, if brokers answer but no connection is established. */
export const CONNECT_TIMEOUT_MS = 30_000;
/**
 * The time limit if no broker can be reached and the reason is known. The reason is logged immediately, and
 * attempts continue until the limit. So every fault ends a start within ten seconds; for a cluster that takes
 * longer to start, the service manager starts the program again (exit 3).
 */
export const UNREACHABLE_TIMEOUT_MS = 5_000;
/**
 * node-rdkafka's connect ends only at its timeout and can't be cancelled. So it is tried in slices, the first
 * one short, each with a new client: a refused password shows after a second, and a slow broker gets its
 * time.
 */
const FIRST_SLICE_MS = 1_000;
/** Running probes get at least this long, even past the deadline, because their reason is worth the wait. */
const LOOK_WAIT_MIN_MS = 1_000;
const ADVERTISED_AGAIN_MS = 1_000;
const LEAVE_TIMEOUT_MS = 2_000;

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
      reasons.report(verdict, leftMs);
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

/** Brokers that can't be reached are not waited for long; brokers that answer slowly get their time. */
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
 * Clients connect to the addresses that brokers advertise. If none of them can be used, the run would only
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
      // The reason counts, however slowly the client disconnects.
      await connected.disconnect(LEAVE_TIMEOUT_MS).catch(() => undefined);
      throw verdict.error;
    }
    attempt.reasons.report(verdict, leftMs);
    await delay(Math.min(ADVERTISED_AGAIN_MS, leftMs));
  }
}
