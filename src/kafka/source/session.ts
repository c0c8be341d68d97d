import type { ConnectedClient } from '../client/connected-client.js';
import type { OffsetOrigins } from '../commits/offset-origins.js';
import type { KafkaConsumer } from '../rdkafka.js';
import type { RebalanceAnswers } from './group/rebalance.js';
import type { PositionResolver } from './offsets/positions.js';
import type { ReadLimits } from './read-limits.js';
import type { ReaderControl } from './reader-control.js';
import type { ReplacedTopics } from './topics/replaced-topics.js';

/** Everything that exists once the client is connected. */
export interface Session {
  readonly connected: ConnectedClient<KafkaConsumer>;
  readonly reader: ReaderControl;
  readonly limits: ReadLimits;
  readonly rebalance: RebalanceAnswers;
  readonly positions: PositionResolver;
  readonly replaced: ReplacedTopics;
  readonly origins: OffsetOrigins;
}
