import { hostname } from 'node:os';
import { basename } from 'node:path';
import { LatePool } from '../../adapters/pool/late-pool.js';
import { PassThroughPool } from '../../adapters/pool/pass-through-pool.js';
import type { PoolSettings } from '../../adapters/pool/settings.js';
import { PoolInTurns } from '../../adapters/turns/pool-in-turns.js';
import { TurnTaking } from '../../adapters/turns/turn-taking.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { youngBytes } from '../../config/resolve/memory.js';

import type { KafkaSink } from '../../kafka/sink/kafka-sink.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';
import type { TransformPool } from '../../ports/transform-pool.js';
import type { Turns } from '../../ports/turns.js';
import type { Samples } from '../../transform/results/sample.js';
import { passThroughTopic, type TaskSettings, taskSettings } from '../../transform/settings.js';
import { version } from '../../version.js';
import { formatOf } from '../job-formats.js';
import { realClock } from '../real-clock.js';

interface PoolDeps extends Pick<PoolSettings, 'describePartition'> {
  readonly logger: Logger;
  readonly turns: Turns | undefined;
}

/** The job's pool; what its workers know of topics comes from the connected sink. */
export function jobPool(config: ResolvedConfig, sink: KafkaSink, deps: PoolDeps): TransformPool {
  const create = async (): Promise<TransformPool> => createPool(config, await poolTopics(config, sink), deps);
  return new LatePool(config.dispatcher.threads, create);
}

type PoolTopics = Pick<TaskSettings, 'topics'> & Partial<Pick<TaskSettings, 'deadLetterBytesMax'>>;

async function poolTopics(config: ResolvedConfig, sink: KafkaSink): Promise<PoolTopics> {
  const { producer, dispatcher } = config;
  const { deadLetterTopic } = dispatcher;
  const main = producer.topic === undefined ? {} : { default: await sink.topic(producer.topic) };
  if (deadLetterTopic === undefined) return { topics: { ...main, others: [] } };
  const deadLetterBytesMax = sink.limitOf(deadLetterTopic);
  const topics = { ...main, deadLetter: await sink.topic(deadLetterTopic), others: [] };
  return { topics, ...(deadLetterBytesMax === undefined ? {} : { deadLetterBytesMax }) };
}

async function createPool(
  config: ResolvedConfig,
  topics: PoolTopics,
  { turns, ...deps }: PoolDeps,
): Promise<TransformPool> {
  const { dispatcher: job } = config;
  const task = taskSettings({
    transform: job.transform,
    options: job.options,
    secrets: job.secrets,
    input: { ...formatOf(config, 'input'), tombstones: job.input.tombstones },
    output: { ...formatOf(config, 'output'), timestamp: job.output.timestamp },
    concurrency: job.ordering === 'partition' ? 1 : job.concurrency,
    timeoutMs: job.timeoutMs,
    outputBytesMax: job.batch.outputBytesMax,
    deadLetterTimestamp: job.deadLetter.timestamp,
    samples: samplesOf(config),
    ...topics,
    origin: {
      group: config.consumer.groupId,
      host: hostname(),
      version,
      transform: job.transform === undefined ? '' : basename(job.transform),
    },
  });
  const { threads, workerHeapMax } = job;
  const open = async (): Promise<TransformPool> => {
    const pool = await workingPool({
      ...deps,
      task,
      threads,
      workerHeapBytes: workerHeapMax,
      youngBytes: youngBytes(workerHeapMax),
    });
    return turns === undefined || threads === 0 ? pool : new PoolInTurns(pool, turns, realClock);
  };
  const topic = passThroughTopic(task);
  return topic === undefined ? open() : new PassThroughPool({ topic, threads, open });
}

/** Whoever can reach the port sees them; else only those who started the run. */
function samplesOf({ dispatcher, server }: ResolvedConfig): Samples {
  const { samples } = dispatcher.deadLetter;
  if (samples !== 'auto') return samples;
  return server === undefined ? 'full' : 'masked';
}

/**
 * The inline pool runs transforms on the main thread and loads all formats; with threads the main thread
 * needs none of them. A pass-through needs neither pool.
 */
async function workingPool(settings: PoolSettings): Promise<TransformPool> {
  return settings.threads === 0
    ? (await import('../../adapters/pool/inline-pool.js')).createInlinePool(settings)
    : (await import('../../adapters/pool/piscina-pool.js')).createPiscinaPool(settings);
}

/** The turns that the workers of several pipelines take; `threads` of them may compute at the same time. */
export function createTurns(clock: Clock, threads: number): { of(weight: number): Turns } {
  return new TurnTaking(clock, threads);
}
