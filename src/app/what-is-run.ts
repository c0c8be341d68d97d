import type { ResolvedConfig } from '../config/keys/resolved.js';
import { memoryUse } from '../config/resolve/memory.js';

/** The resolved job in one line, which makes the rest of the log understandable. */
export function whatIsRun(
  config: ResolvedConfig,
  until: 'end' | 'forever',
): Readonly<Record<string, unknown>> {
  const { name, consumer, producer, dispatcher: job } = config;
  const { topics } = consumer;
  return {
    name,
    topics: 'names' in topics ? topics.names.join(' ') : `/${topics.pattern}/`,
    group: consumer.groupId,
    output: producer.topic ?? 'none (results name their topics)',
    ...(job.deadLetterTopic === undefined ? {} : { deadLetter: job.deadLetterTopic }),
    transform: job.transform ?? 'none (pass-through)',
    formats: `${job.input.format} → ${job.output.format}`,
    threads: job.threads,
    ordering: job.ordering,
    ...(job.rate === undefined ? {} : { rate: job.rate }),
    ...(job.throttleLag === undefined ? {} : { throttleLag: job.throttleLag.join(' ') }),
    inFlightBytesMax: job.inFlight.bytesMax,
    fetchQueueBytesMax: memoryUse(config).queueBytes,
    workerHeapBytesMax: job.workerHeapMax,
    ...(config.memoryLimit === undefined ? {} : { memoryLimitBytes: config.memoryLimit }),
    until,
  };
}
