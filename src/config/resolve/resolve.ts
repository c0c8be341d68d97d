/**
 * From checked settings to the frozen configuration. Plain keys are copied; the code here handles those that
 * need more: required keys, absolute paths, defaults that depend on other keys.
 */
import { basename, extname } from 'node:path';
import type { ResolvedConfig } from '../keys/resolved.js';
import { resolveTopics } from '../layers/topics.js';
import type { Problems } from '../text/problem.js';
import { autoBatchBytes, defaultBatchRecords } from './budgets.js';
import { checkCrossFields } from './cross-checks.js';
import { autoThreads } from './machine.js';
import { checkMemory, portion, QUEUE_PROPERTY, workerHeap } from './memory.js';
import { Reader } from './reader.js';
import { clusterConfig } from './resolve-cluster.js';
import type { ResolveInput } from './resolve-input.js';
import { secretsOf, secretsOfEnvironment } from './secret-values.js';
import { serverConfig } from './server.js';

const KIB = 1_024;
const NAME_WITHOUT_FILE = 'kafka-dispatcher';

/** Undefined when required values are missing; these have been reported. */
export function resolveConfig(input: ResolveInput, problems: Problems): ResolvedConfig | undefined {
  const reader = new Reader(input, problems);
  const { settings } = input;
  const cluster = clusterConfig('consumer', reader.servers('consumer'), input, problems);
  const queueBytes = Number(cluster.properties.get(QUEUE_PROPERTY)) * KIB;
  const config: ResolvedConfig = {
    name: settings.get('name') ?? nameOfFile(input.file),
    file: input.file,
    consumer: {
      ...settings.section('kafka.consumer'),
      ...cluster,
      groupId: reader.required('kafka.consumer.group-id', 'the consumer group of this job'),
      topics: reader.topics(),
    },
    producer: {
      ...clusterConfig('producer', reader.servers('producer'), input, problems),
      topic: reader.outputTopic(),
    },
    dispatcher: dispatcherPart(reader, input, queueBytes),
    topics: resolveTopics(input.merged.topics, problems),
    memoryLimit: input.limits.memoryBytes,
    server: serverConfig(input, problems),
    telemetry: { ...settings.section('telemetry'), module: reader.path('telemetry.module') },
    logging: settings.section('logging'),
  };
  if (problems.hasErrors()) return undefined;
  checkCrossFields(config, input, problems);
  if (input.purpose === 'job' && !input.isOneOfSeveral) checkMemory([config], input.limits, problems);
  return problems.hasErrors() ? undefined : deepFreeze(config);
}

/** The transform may come across any secret: it runs in a process that holds all of them. */
function allSecrets({ merged, clients, environment }: ResolveInput): readonly string[] {
  return [...new Set([...secretsOf(merged), ...clients.secrets, ...secretsOfEnvironment(environment)])];
}

function dispatcherPart(
  reader: Reader,
  input: ResolveInput,
  queueBytes: number,
): ResolvedConfig['dispatcher'] {
  const { deadLetter, ...plain } = input.settings.section('dispatcher');
  const { topic: _topic, ...deadLetterRest } = deadLetter;
  const transform = reader.path('dispatcher.transform');
  const threads = plain.threads === 'auto' ? autoThreads(input.limits).threads : plain.threads;
  const inFlight = { ...plain.inFlight, bytesMax: inFlightBytes(input) };
  return {
    ...plain,
    transform,
    options: Object.fromEntries([...input.merged.options].map(([name, entry]) => [name, entry.value])),
    secrets: allSecrets(input),
    input: { ...plain.input, schema: reader.schema('dispatcher.input') },
    output: { ...plain.output, schema: reader.schema('dispatcher.output') },
    threads,
    inFlight,
    workerHeapMax:
      plain.workerHeapMax === 'auto'
        ? workerHeap(input.limits.memoryBytes, [{ inFlightBytes: inFlight.bytesMax, queueBytes, threads }])
        : plain.workerHeapMax,
    batch: batchPart(input, inFlight, threads),
    deadLetter: deadLetterRest,
    deadLetterTopic: reader.unlessNone('dispatcher.dead-letter.topic'),
  };
}

type Part<Name extends keyof ResolvedConfig['dispatcher']> = ResolvedConfig['dispatcher'][Name];

function batchPart({ settings }: ResolveInput, inFlight: Part<'inFlight'>, threads: number): Part<'batch'> {
  const { batch, preset } = settings.section('dispatcher');
  const isHurried = preset === 'latency' && !settings.isSet('dispatcher.batch.interval');
  return {
    ...batch,
    // A default is lowered when the user wants fewer records in flight; an explicit value is checked instead.
    recordsMax: settings.isSet('dispatcher.batch.records-max')
      ? batch.recordsMax
      : defaultBatchRecords(batch.recordsMax, inFlight.recordsMax),
    intervalMs: isHurried ? 0 : batch.intervalMs,
    bytesMax: batch.bytesMax === 'auto' ? autoBatchBytes(inFlight.bytesMax, threads) : batch.bytesMax,
  };
}

function inFlightBytes({ settings, limits }: ResolveInput): number {
  const { bytesMax } = settings.section('dispatcher').inFlight;
  return bytesMax === 'auto' ? portion('inFlightBytes', 1, limits.memoryBytes) : bytesMax;
}

function nameOfFile(file: string | undefined): string {
  return file === undefined ? NAME_WITHOUT_FILE : basename(file, extname(file));
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !(value instanceof Map)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
