import type { FirstOfTime } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import type { ClusterOptions } from '../client/client-config.js';
import type { NativeBinding } from '../native.js';
import type { PlacedRange, RangeRequest } from './placed-ranges.js';

export interface TopicReaderOptions {
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  readonly topic: string;
  /** Where to begin and to end; without an end it is read for ever. */
  readonly range: RangeRequest;
  /** Undefined: all of them. */
  readonly partitions?: ReadonlySet<number> | undefined;
  /** Where the range is in each partition, and for times: the topic has the broker's. */
  readonly placed: (ranges: readonly PlacedRange[], logAppendTime: boolean) => void;
  readonly firstOfTime: FirstOfTime;
  readonly native: NativeBinding;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Ends the reading early. */
  readonly signal: AbortSignal;
}
