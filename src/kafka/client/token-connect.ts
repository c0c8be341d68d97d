/**
 * Connects to clusters that require tokens: every client has a token before it connects, and a valid one for
 * as long as it lives.
 */
import type { DispatcherError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { NativeBinding } from '../native.js';
import type { KafkaClient } from '../rdkafka.js';
import { TokenKeeper } from '../tokens/token-keeper.js';
import { loadTokenProvider } from '../tokens/token-source.js';
import type { ClusterOptions } from './client-config.js';
import { connect } from './connect.js';
import type { ConnectOptions } from './connect-once.js';
import type { ConnectedClient } from './connected-client.js';

export interface TokenConnectOptions<C extends KafkaClient> extends ConnectOptions<C> {
  readonly cluster: ClusterOptions;
  readonly native: Pick<NativeBinding, 'serveLog' | 'setOauthBearerToken'>;
  /**
   * The token expired and no new one could be fetched, so nothing works any more. Not needed for short-lived
   * clients.
   */
  readonly failed?: (error: DispatcherError) => void;
}

export async function connectWithTokens<C extends KafkaClient>(
  options: TokenConnectOptions<C>,
): Promise<ConnectedClient<C>> {
  const { cluster, native, role, logger } = options;
  if (cluster.tokens === undefined) return connect(options);
  const provider = await loadTokenProvider(cluster.tokens, cluster.bootstrapServers);
  const keeper = await TokenKeeper.open({
    role,
    provider,
    logger,
    clock: CLOCK,
    wallMs: Date.now,
    random: Math.random,
    obtained: (token) => cluster.tokens?.obtained?.(token),
    lost: (error) => options.failed?.(error),
  });
  try {
    const connected = await connect({
      ...options,
      create: () => {
        const made = options.create();
        // node-rdkafka keeps it until the handle exists. Set during the connect, the call would wait for that
        // to end.
        made.client.setOauthBearerToken(keeper.token);
        return made;
      },
    });
    keeper.serve((token) => native.setOauthBearerToken(connected.handleId, token));
    connected.onLeaving(() => keeper.stop());
    return connected;
  } catch (error) {
    keeper.stop();
    throw error;
  }
}

const CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
