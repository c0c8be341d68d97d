/** Rules between keys: each value is valid alone, but not together. */

import type { ClientSide } from '../../core/client-side.js';
import { topicMatcher } from '../../core/topic-selection.js';
import { consumerConflicts, findProperty, producerConflicts } from '../../kafka/properties/conflicts.js';
import type { DataFormat, ResolvedConfig, SchemaFiles } from '../keys/resolved.js';
import type { Problems } from '../text/problem.js';
import { formatSize } from '../text/units.js';
import { isMskServer, LISTENER_WORDS, mskListener, wantedListener } from './msk.js';
import type { ResolveInput } from './resolve-input.js';

/**
 * Input and output blocks of one batch, once in the worker and once waiting: with fewer, batches would wait
 * for each other.
 */
const BLOCKS_MIN = 4;

export function checkCrossFields(config: ResolvedConfig, input: ResolveInput, problems: Problems): void {
  checkBudgets(config, input, problems);
  checkPromises(config, input, problems);
  for (const side of ['consumer', 'producer'] as const) {
    checkProperties(side, config, input, problems);
    checkPorts(side, config, input, problems);
  }
  if (input.purpose === 'connection') return;
  checkFormats(config, input, problems);
  checkTopics(config, input, problems);
}

function checkBudgets(config: ResolvedConfig, input: ResolveInput, problems: Problems): void {
  const { batch, inFlight } = config.dispatcher;
  const origin = (path: string) => input.settings.origin(path);
  if (inFlight.bytesMax < BLOCKS_MIN * batch.bytesMax) {
    const path = 'dispatcher.in-flight.bytes-max';
    problems.error(
      origin(path),
      path,
      `${formatSize(inFlight.bytesMax)} is too small for batches of ${formatSize(batch.bytesMax)}`,
      `at least ${BLOCKS_MIN} × dispatcher.batch.bytes-max = ${formatSize(BLOCKS_MIN * batch.bytesMax)}, ` +
        `or a smaller dispatcher.batch.bytes-max`,
    );
  }
  if (inFlight.recordsMax < batch.recordsMax) {
    const path = 'dispatcher.in-flight.records-max';
    problems.error(
      origin(path),
      path,
      `${inFlight.recordsMax} is less than one batch (dispatcher.batch.records-max: ${batch.recordsMax})`,
      'raise it, or lower dispatcher.batch.records-max',
    );
  }
}

function checkProperties(
  side: ClientSide,
  config: ResolvedConfig,
  input: ResolveInput,
  problems: Problems,
): void {
  const written = input.clients[side].properties;
  const { properties } = config[side];
  const conflicts = side === 'consumer' ? consumerConflicts(properties) : producerConflicts(properties);
  for (const { severity, names, message, remedy } of conflicts) {
    const entry = names.map((name) => written.get(name)).find((candidate) => candidate !== undefined);
    const key = entry?.key ?? `kafka.${side}.properties.${names[0] ?? ''}`;
    if (severity === 'error') problems.error(entry?.origin, key, message, remedy);
    else problems.warning(entry?.origin, key, message, remedy);
  }
}

/** Values that are allowed, but give up guarantees that the producer has by default. */
function checkPromises(config: ResolvedConfig, input: ResolveInput, problems: Problems): void {
  const { properties } = config.producer;
  if (/^(true|t|1)$/i.test(findProperty(properties, 'enable.idempotence')?.value ?? '')) return;
  const warn = (name: string, message: string, remedy: string): void => {
    const entry = input.clients.producer.properties.get(name);
    problems.warning(entry?.origin, entry?.key ?? `kafka.producer.properties.${name}`, message, remedy);
  };
  warn(
    'enable.idempotence',
    'without idempotence a retried request may change the order of records or repeat them',
    'leave it on: it costs next to nothing',
  );
  const acks = findProperty(properties, 'acks');
  if (acks !== undefined && !/^(all|-1)$/i.test(acks.value))
    warn(acks.name, `with acks: ${acks.value} a record can be lost when a broker fails`, 'use acks: all');
}

/** An MSK port with another listener's protocol only ever causes broken connections. */
function checkPorts(
  side: 'consumer' | 'producer',
  config: ResolvedConfig,
  input: ResolveInput,
  problems: Problems,
): void {
  const { bootstrapServers, properties } = config[side];
  const wanted = wantedListener(properties);
  const other = bootstrapServers.find((server) => {
    const listener = mskListener(server);
    if (listener === undefined || listener === wanted) return false;
    // Outside of MSK these ports mean nothing. A plaintext connection to a TLS port of MSK is still worth a
    // warning.
    return (
      isMskServer(server) ||
      (listener !== 'plaintext' && wanted === 'plaintext' && /^[^.:[]+\.[^:]*[a-z][^:]*:/i.test(server))
    );
  });
  const listener = other === undefined ? undefined : mskListener(other);
  if (other === undefined || listener === undefined) return;
  const own = `kafka.${side}.bootstrap-servers`;
  const path = input.settings.isSet(own) ? own : 'kafka.bootstrap-servers';
  const protocol = properties.get('security.protocol');
  problems.warning(
    input.settings.origin(path),
    path,
    `${other}: on Amazon MSK this port belongs to ${LISTENER_WORDS[listener]}, but security.protocol is ` +
      `${protocol ?? 'not set, which means PLAINTEXT'}`,
    `use ${LISTENER_WORDS[listener]}, or the port of the listener you mean`,
  );
}

function checkFormats(config: ResolvedConfig, input: ResolveInput, problems: Problems): void {
  const { dispatcher } = config;
  const { settings } = input;
  if (dispatcher.transform !== undefined && !settings.isSet('dispatcher.input.format')) {
    problems.error(
      settings.origin('dispatcher.transform'),
      'dispatcher.input.format',
      'is missing: a transform needs to know how its input is read',
      'add input: { format: raw }, json or avro',
    );
  }
  checkSchema('dispatcher.input', dispatcher.input, input, problems);
  checkSchema('dispatcher.output', dispatcher.output, input, problems);
  if (dispatcher.transform === undefined && dispatcher.input.format !== dispatcher.output.format) {
    const path = settings.isSet('dispatcher.output.format')
      ? 'dispatcher.output.format'
      : 'dispatcher.input.format';
    problems.error(
      settings.origin(path),
      path,
      'without a transform records pass through unchanged, so different formats have no effect',
      'add a transform that returns its value, or use the same format twice',
    );
  }
}

function checkSchema(
  section: string,
  part: { format: DataFormat; schema: SchemaFiles | undefined },
  input: ResolveInput,
  problems: Problems,
): void {
  const format = input.settings.origin(`${section}.format`);
  if (part.format === 'avro' && part.schema === undefined) {
    problems.error(format, `${section}.schema`, 'is missing: avro needs a schema', 'add schema: ./name.avsc');
  } else if (part.format !== 'avro' && part.schema !== undefined) {
    problems.error(
      input.settings.origin(`${section}.schema.path`),
      `${section}.schema`,
      `has no effect with format: ${part.format}`,
      'use format: avro, or remove the schema',
    );
  }
}

function checkTopics(config: ResolvedConfig, input: ResolveInput, problems: Problems): void {
  const { settings } = input;
  const { topics } = config.consumer;
  const reads = topicMatcher(topics);
  const sameCluster = config.consumer.bootstrapServers.some((server) =>
    config.producer.bootstrapServers.includes(server),
  );
  const { deadLetterTopic } = config.dispatcher;
  if (deadLetterTopic !== undefined && deadLetterTopic === config.producer.topic)
    problems.warning(
      settings.origin('dispatcher.dead-letter.topic'),
      'dispatcher.dead-letter.topic',
      `${deadLetterTopic} is also the output topic: its readers get rejected records among the results`,
      'use a topic of its own for dead letters',
    );
  if (!sameCluster || config.consumer.ownOutput === 'allow') return;
  if (deadLetterTopic !== undefined && reads(deadLetterTopic)) {
    const path = 'dispatcher.dead-letter.topic';
    problems.error(
      settings.origin(path),
      path,
      `${deadLetterTopic} is also an input topic: every dead letter would come back forever`,
      'use a topic that kafka.consumer.topics does not match; or set kafka.consumer.own-output: allow',
    );
  }
  if (config.producer.topic !== undefined && reads(config.producer.topic)) {
    const path = 'kafka.producer.topic';
    problems.error(
      settings.origin(path),
      path,
      `${config.producer.topic} is also an input topic: every result comes back as input`,
      'use another topic, or an expression for kafka.consumer.topics that does not match it; where your ' +
        'transform ends the loop, set kafka.consumer.own-output: allow',
    );
  }
}
