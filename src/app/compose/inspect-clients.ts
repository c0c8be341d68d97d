/** Asks librdkafka whether it would create a job's clients; connects to nothing. */

import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Loaded } from '../../config/load.js';
import { producerQueueBytes } from '../../config/resolve/budgets.js';
import type { Problems } from '../../config/text/problem.js';
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import {
  checkCreatable,
  checkFeatures,
  consumerProperties,
  producerProperties,
} from '../../kafka/client/client-config.js';
import { loadNative, type NativeBinding } from '../../kafka/native.js';

/** Without the addon (not built on this machine) librdkafka can't be asked. */
export function inspectClients(problems: Problems, config: ResolvedConfig, loaded: Loaded): void {
  let native: NativeBinding;
  try {
    native = loadNative();
  } catch (error) {
    if (error instanceof DispatcherError) return;
    throw error;
  }
  for (const side of ['consumer', 'producer'] as const) {
    const properties = propertiesOf(side, config, native);
    inspectClient(problems, side, loaded, () => {
      checkFeatures(config[side]);
      checkCreatable(native, side, properties);
    });
  }
}

function inspectClient(problems: Problems, side: ClientSide, loaded: Loaded, ask: () => void): void {
  try {
    ask();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const written = [...loaded.details.clients[side]];
    // librdkafka's message names the property; the longest name first: `sasl.mechanisms` before
    // `sasl.mechanism`.
    const [name, entry] =
      written
        .filter(([candidate]) => error.message.includes(candidate))
        .sort(([a], [b]) => b.length - a.length)[0] ?? [];
    problems.error(
      entry?.origin,
      entry?.key ?? `kafka.${side}.properties`,
      error instanceof DispatcherError ? error.message : `librdkafka refuses the ${side}: ${error.message}`,
      (error instanceof DispatcherError ? error.remedy : undefined) ??
        `change ${name === undefined ? 'the properties' : name}; ` +
          'kd validate --explain prints every property that librdkafka gets',
    );
  }
}

function propertiesOf(
  side: ClientSide,
  config: ResolvedConfig,
  native: NativeBinding,
): ReturnType<typeof consumerProperties> {
  const identity = { pluginPath: native.pluginPath, handleId: 0 };
  const { commitIntervalMs, inFlight } = config.dispatcher;
  return side === 'consumer'
    ? consumerProperties(identity, {
        clientId: config.name,
        cluster: config.consumer,
        groupId: config.consumer.groupId,
        commitIntervalMs,
        statisticsIntervalMs: 0,
      })
    : producerProperties(identity, {
        clientId: config.name,
        cluster: config.producer,
        queueBytesMax: producerQueueBytes(inFlight.bytesMax),
      });
}
