/** The topic data that `kd topics` uses. */

import type { AskedTopics } from '../app/topics/with-topics.js';
import type { GlobalOptions, KafkaOptions } from './io.js';
import type { loadConfigWithDetails } from './load-config.js';

export type TopicsOptions = GlobalOptions & KafkaOptions & { readonly all?: boolean; readonly yes?: boolean };

export interface KnownTopics extends AskedTopics {
  readonly loaded: Awaited<ReturnType<typeof loadConfigWithDetails>>;
  readonly options: TopicsOptions;
}
