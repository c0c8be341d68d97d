/** Reads a topic of a receipt again, all partitions at once, without a group. */
import type { ResolvedConfig } from '../../../config/keys/resolved.js';
import type { InputBatch, Segment } from '../../../core/batch.js';
import type { ClientSide } from '../../../core/client-side.js';
import type { OffsetTable, Position } from '../../../core/positions/position.js';
import type { Logger } from '../../../ports/logger.js';
import { readWith } from '../../compose/reader.js';
import type { Side } from './listed.js';

export interface ReadingSettings {
  readonly config: ResolvedConfig;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Topics that are read under another name: a copy, or a mirror. */
  readonly readAs: ReadonlyMap<string, string>;
  readonly onRead: (records: number) => void;
}

/** Offsets `[from, to)` of a partition; without `to` up to the end. */
export interface WantedRange {
  readonly partition: number;
  readonly from: number;
  readonly to?: number;
}

export interface FoundRange {
  readonly partition: number;
  /** The first offset that still exists. */
  readonly low: number;
}

export type OnSegment = (batch: InputBatch, segment: Segment, partition: number) => void;

export interface TopicRequest {
  readonly side: Side;
  readonly topic: string;
  readonly wanted: readonly WantedRange[];
  readonly onFound?: (ranges: readonly FoundRange[]) => void;
  readonly onSegment: OnSegment;
}

export async function readAgain(settings: ReadingSettings, request: TopicRequest): Promise<void> {
  const { config, logger, signal, readAs, onRead } = settings;
  const { side, wanted, onFound, onSegment } = request;
  const topic = readAs.get(request.topic) ?? request.topic;
  const client: ClientSide = side === 'input' ? 'consumer' : 'producer';
  const range = {
    from: tableOf(topic, wanted, ({ from }) => from),
    until: untilOf(topic, wanted),
    groupId: undefined,
  };
  const placed: Parameters<typeof readWith>[2]['placed'] = (ranges) => onFound?.(ranges);
  await readWith(config, client, { topic, range, placed, signal, logger }, (batch, partitionOf) => {
    for (const segment of batch.segments)
      onSegment(batch, segment, partitionOf(segment.partitionId).partition);
    onRead(batch.rowCount);
    return Promise.resolve(!signal.aborted);
  });
  signal.throwIfAborted();
}

function untilOf(topic: string, wanted: readonly WantedRange[]): Position {
  return wanted.every(({ to }) => to === undefined)
    ? { kind: 'end' }
    : tableOf(topic, wanted, ({ to }) => to ?? Number.MAX_SAFE_INTEGER);
}

/** Partitions that are not in it are not read. */
function tableOf(
  topic: string,
  wanted: readonly WantedRange[],
  offsetOf: (range: WantedRange) => number,
): Position {
  const byPartition = new Map(wanted.map((range) => [range.partition, offsetOf(range)]));
  const offsets: OffsetTable = new Map([[topic, byPartition]]);
  return { kind: 'table', file: 'receipt', offsets };
}
