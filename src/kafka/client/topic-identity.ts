/**
 * A topic is its id, not its name: deleted and created again, it has the same name and other records under
 * the same offsets. Brokers before 2.8 have no ids; there nothing can be compared.
 */
import { DispatcherError } from '../../core/errors.js';
import type { Logger } from '../../ports/logger.js';
import type { NativeBinding } from '../native.js';

const ASK_TIMEOUT_MS = 10_000;
/** What librdkafka has for a topic without an id: sixteen zero bytes. */
const NO_ID = /^A*$/;

interface Owner {
  readonly native: Pick<NativeBinding, 'askBrokers'>;
  readonly groupId: string;
  readonly logger: Logger;
}

export class TopicIdentities {
  readonly #owner: Owner;
  readonly #handleId: number;
  readonly #failed: (error: DispatcherError) => void;
  readonly #ids = new Map<string, string>();

  constructor(owner: Owner, handleId: number, failed: (error: DispatcherError) => void) {
    this.#owner = owner;
    this.#handleId = handleId;
    this.#failed = failed;
  }

  /** Not answered: compared at the next refresh. */
  async check(topics: readonly string[]): Promise<void> {
    try {
      const replaced = await this.#replaced(topics);
      if (replaced.length > 0) this.#failed(replacedInput(this.#owner.groupId, replaced));
    } catch (error) {
      this.#owner.logger.debug(`kafka consumer: topic ids not compared: ${String(error)}`);
    }
  }

  /**
   * Learns the id of topics seen for the first time; the topics whose id is not the one seen first. A topic
   * that is missing for now is compared once it is there again.
   */
  async #replaced(topics: readonly string[]): Promise<readonly string[]> {
    if (topics.length === 0) return [];
    const answers = await this.#owner.native.askBrokers(
      this.#handleId,
      'describeTopics',
      0,
      topics,
      ASK_TIMEOUT_MS,
    );
    return answers.flatMap(({ name, code, topicId }) => {
      if (code !== 0 || NO_ID.test(topicId)) return [];
      const first = this.#ids.get(name);
      if (first === undefined) this.#ids.set(name, topicId);
      return first === undefined || first === topicId ? [] : [name];
    });
  }
}

/** For a consumer: the group's offsets in such a topic belong to records that are gone. */
function replacedInput(groupId: string, topics: readonly string[]): DispatcherError {
  return new DispatcherError(
    'OFFSET_OUT_OF_RANGE',
    `${topics.join(', ')}: deleted and created again while group ${groupId} was reading; the offsets of the ` +
      'group belong to the old topic, so records at the beginning of the new one may have been passed over',
    {
      remedy:
        'stop all members, reset the offsets of the group in this topic to earliest ' +
        '(kafka-consumer-groups.sh --reset-offsets), and start again; records already read come twice',
    },
  );
}
