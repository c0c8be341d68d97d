/** The keys of the section dispatcher that limit memory. */
import type { Field } from './field.js';

const KIB = 1_024;
const MIB = 1_048_576;

export const MEMORY_KEYS = {
  'dispatcher.worker-heap-max': {
    format: 'size-or-auto',
    default: 'auto',
    min: 32 * MIB,
    max: 64 * 1_024 * MIB,
    doc:
      'heap of a worker, beyond which it is replaced (WORKER_OUT_OF_MEMORY); auto: 512 MiB, at most the ' +
      "workers' share of what queues and clients leave of the container's memory, at least 32 MiB",
  },
  'dispatcher.in-flight.records-max': {
    format: 'integer',
    default: 200_000,
    min: 1,
    max: 100_000_000,
    doc: 'records consumed and not yet settled',
  },
  'dispatcher.in-flight.bytes-max': {
    format: 'size-or-auto',
    default: 'auto',
    min: 64 * KIB,
    max: 256 * 1_024 * MIB,
    doc:
      'memory for records in flight: blocks and producer queue together; auto: 64 MiB, at most a ' +
      "sixteenth of the container's memory; several pipelines: its share of the budget",
  },
} as const satisfies Readonly<Record<string, Field>>;
