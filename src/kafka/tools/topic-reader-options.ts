import type { Logger } from '../../ports/logger.js';
import type { ClusterOptions } from '../client/client-config.js';
import type { NativeBinding } from '../native.js';

/** `last`: this many offsets before the end of each partition. */
export type ReadFrom =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset' | 'last'; readonly offsets: number };

export interface TopicReaderOptions {
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  readonly topic: string;
  readonly from: ReadFrom;
  /** end: up to the end offsets at the start. */
  readonly until: 'end' | 'forever';
  readonly native: NativeBinding;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Ends the reading early. */
  readonly signal: AbortSignal;
}
