import type { ConnectedClient } from '../client/connect.js';
import type { KafkaConsumer } from '../rdkafka.js';
import type { PositionResolver } from './offsets/positions.js';
import type { ReaderControl } from './reader-control.js';
import type { RebalanceAnswers } from './rebalance.js';
import type { ReplacedTopics } from './replaced-topics.js';

/** What exists from `start` on. */
export interface Session {
  readonly connected: ConnectedClient<KafkaConsumer>;
  readonly reader: ReaderControl;
  readonly rebalance: RebalanceAnswers;
  readonly positions: PositionResolver;
  readonly replaced: ReplacedTopics;
}
