/** The topic data that `kd topics` uses. */

import type { Admins, TopicFacts } from '../app/doctor/cluster-facts.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { GlobalOptions, KafkaOptions } from './io.js';
import type { loadConfigWithDetails } from './load-config.js';

export type TopicsOptions = GlobalOptions & KafkaOptions & { readonly all?: boolean; readonly yes?: boolean };

export interface KnownTopics {
  readonly config: ResolvedConfig;
  readonly loaded: Awaited<ReturnType<typeof loadConfigWithDetails>>;
  readonly options: TopicsOptions;
  readonly admins: Admins;
  readonly facts: TopicFacts;
}
