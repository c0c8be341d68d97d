/** Admin clients, one per role of a cluster, with the same settings as the run's own clients. */

import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClientSide } from '../../core/client-side.js';
import { loadNative } from '../../kafka/native.js';
import { openAdmin } from '../../kafka/tools/admin.js';
import { firstOfTimeWith } from '../../kafka/tools/first-of-time.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';

const ASK_TIMEOUT_MS = 8_000;

export interface OpenOptions {
  readonly config: ResolvedConfig;
  readonly logger: Logger;
  readonly connectTimeoutMs: number;
}

export function openSide(
  side: ClientSide,
  { config, logger, connectTimeoutMs }: OpenOptions,
): Promise<ClusterAdmin> {
  const client = { clientId: config.name, cluster: config[side], native: loadNative(), logger };
  return openAdmin({
    ...client,
    role: side,
    firstOfTime: firstOfTimeWith({ ...client, nowMs: () => performance.now() }),
    connectTimeoutMs,
    askTimeoutMs: ASK_TIMEOUT_MS,
  });
}

/** The two sides are the same cluster if their connection settings are equal. */
export function isOneCluster({ consumer, producer }: ResolvedConfig): boolean {
  const words = ({
    bootstrapServers,
    properties,
  }: ResolvedConfig['consumer'] | ResolvedConfig['producer']): string =>
    JSON.stringify([[...bootstrapServers].sort(), [...connectionOnly(properties)].sort()]);
  return words(consumer) === words(producer);
}

/** The properties that say how to reach the cluster, whatever the client does there. */
export function connectionOnly(properties: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...properties].filter(([name]) => CONNECTION.test(name)));
}

const CONNECTION = /^(security\.|ssl\.|sasl\.|enable\.ssl|enable\.sasl|https\.|broker\.address)/;
