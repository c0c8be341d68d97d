/** The topic data that `kd topics` uses. */

import type { AskedTopics } from '../app/topics/with-topics.js';
import type { GlobalOptions, KafkaOptions } from './io.js';
import type { UsableConfig } from './load-config.js';
import type { PrintDocument } from './pipelines/each-pipeline.js';

export type TopicsOptions = GlobalOptions & KafkaOptions & { readonly all?: boolean; readonly yes?: boolean };

export interface KnownTopics extends AskedTopics {
  readonly loaded: UsableConfig;
  readonly print: PrintDocument;
  readonly options: TopicsOptions;
}
