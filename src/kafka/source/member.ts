import type { SourceEvents } from '../../ports/source.js';
import type { KafkaCommits } from '../commits/kafka-commits.js';
import type { ClientRights } from '../errors.js';
import { errorText } from '../rdkafka.js';
import type { Statistics } from '../statistics/document.js';
import type { Liveness } from './group/liveness.js';
import type { PartitionRegistry } from './partition-registry.js';
import type { Session } from './session.js';
import type { KafkaSourceOptions } from './source-options.js';
import type { TopicWatch } from './topics/topic-watch.js';

/** State that the parts of one source share. */
export interface Member {
  readonly options: KafkaSourceOptions;
  readonly registry: PartitionRegistry;
  readonly commits: KafkaCommits;
  readonly topics: TopicWatch;
  readonly liveness: Liveness;
  readonly rights: ClientRights;
  /** Set by `start`. */
  events: SourceEvents | undefined;
  /** Set once connected. */
  session: Session | undefined;
  /** The newest. */
  statistics: Statistics | undefined;
  /** It is leaving: nothing is read or stored any more. */
  stopping: boolean;
}

/** node-rdkafka's callbacks must not throw: that would end the process. */
export function guarded(member: Member, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (member.stopping) member.options.logger.debug(`kafka consumer, leaving: ${errorText(error)}`);
    else member.events?.failed(error instanceof Error ? error : new Error(String(error)));
  }
}
