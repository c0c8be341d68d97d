/** Reads the records of a topic without a group. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Position } from '../../core/positions/position.js';
import type { FormatSpec } from '../../formats/index.js';
import type { Logger } from '../../ports/logger.js';
import { type OnBatch, type PlacedRange, readWith } from '../compose/reader.js';
import { formatOf } from '../job-formats.js';

export type { PlacedRange };

export interface ConsumeRequest {
  readonly config: ResolvedConfig;
  readonly topic: string;
  readonly from: Position;
  /** Undefined: for ever. */
  readonly until: Position | undefined;
  /** Undefined: all of them. */
  readonly partitions: ReadonlySet<number> | undefined;
  readonly placed: (ranges: readonly PlacedRange[], logAppendTime: boolean) => void;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Until the end, the signal, or a batch for which `onBatch` answers false. */
export function consumeTopic(request: ConsumeRequest, onBatch: OnBatch): Promise<void> {
  const { config, from, until, ...given } = request;
  const { topic } = given;
  const groupId = config.consumer.groupId || undefined;
  const isOutput = topic === config.producer.topic || topic === config.dispatcher.deadLetterTopic;
  const range = { from, until, groupId };
  return readWith(config, isOutput ? 'producer' : 'consumer', { ...given, range }, onBatch);
}

/** The job's output topics are decoded as its output, everything else as its input. */
export function formatOfTopic(topic: string, config: ResolvedConfig, raw: boolean): FormatSpec {
  if (raw) return { format: 'raw', long: 'number' };
  return formatOf(config, topic === config.producer.topic ? 'output' : 'input');
}
