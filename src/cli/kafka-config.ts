/** One side of the configuration as the Kafka adapter wants it. */

import type { ClusterOptions } from '../adapters/kafka/client-config.js';
import { consumerDefaults, producerDefaults, withDefaults } from '../config/kafka-defaults.js';
import type { ResolvedConfig } from '../config/resolved.js';
import type { FormatSpec } from '../formats/format.js';

export function clusterOf(config: ResolvedConfig, side: 'consumer' | 'producer'): ClusterOptions {
  const { bootstrapServers, properties } = config[side];
  return { bootstrapServers, properties: withDefaults(side === 'consumer' ? consumerDefaults : producerDefaults, properties) };
}

/** The format and schema of the job's input or output. */
export function formatOf(config: ResolvedConfig, side: 'input' | 'output'): FormatSpec {
  const { input, output } = config.dispatcher;
  const { format, schema } = side === 'input' ? input : output;
  if (schema === undefined) return { format, long: input.long };
  const { path, writerPath, references } = schema;
  return { format, long: input.long, schema: { path, references, ...(writerPath === undefined ? {} : { writerPath }) } };
}
