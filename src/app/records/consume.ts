/** Reads the records of a topic without a group. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Position } from '../../core/positions/position.js';
import type { FormatSpec } from '../../formats/index.js';
import { loadNative } from '../../kafka/native.js';
import { type PlacedRange, requireGroup } from '../../kafka/tools/placed-ranges.js';
import { readTopic } from '../../kafka/tools/topic-reader.js';
import type { Logger } from '../../ports/logger.js';
import { formatOf } from '../job-formats.js';

export type { PlacedRange };

export interface ConsumeRequest {
  readonly config: ResolvedConfig;
  readonly topic: string;
  readonly from: Position;
  /** Undefined: for ever. */
  readonly until: Position | undefined;
  readonly placed: (ranges: readonly PlacedRange[], logAppendTime: boolean) => void;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

type OnBatch = Parameters<typeof readTopic>[1];

/** Until the end, the signal, or a batch for which `onBatch` answers false. */
export function consumeTopic(request: ConsumeRequest, onBatch: OnBatch): Promise<void> {
  const { config, from, until, ...given } = request;
  const { topic } = given;
  const groupId = config.consumer.groupId || undefined;
  if (from.kind === 'committed' || until?.kind === 'committed') requireGroup(groupId);
  const isOutput = topic === config.producer.topic || topic === config.dispatcher.deadLetterTopic;
  return readTopic(
    {
      ...given,
      range: { from, until, groupId },
      clientId: config.name,
      cluster: isOutput ? config.producer : config.consumer,
      native: loadNative(),
      nowMs: () => performance.now(),
    },
    onBatch,
  );
}

/** The job's output topics are decoded as its output, everything else as its input. */
export function formatOfTopic(topic: string, config: ResolvedConfig, raw: boolean): FormatSpec {
  if (raw) return { format: 'raw', long: 'number' };
  return formatOf(config, topic === config.producer.topic ? 'output' : 'input');
}
