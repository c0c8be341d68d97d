/**
 * A topic is identified by its id, not by its name: deleted and created again, it has other records under the
 * same offsets. Brokers before 2.8 have no ids; there nothing can be compared.
 */
import type { Logger } from '../../ports/logger.js';
import type { NativeBinding } from '../native.js';
import { errorText } from '../rdkafka.js';

const ASK_TIMEOUT_MS = 5_000;
/** librdkafka's id of a topic without one: sixteen zero bytes. */
const NO_ID = /^A*$/;

export interface ReplacedTopic {
  readonly name: string;
  readonly oldId: string;
  readonly newId: string;
}

/** The ids of the topics that one client uses. */
export class TopicIdentities {
  readonly #native: Pick<NativeBinding, 'askBrokers'>;
  readonly #logger: Logger;
  readonly #ids = new Map<string, string>();
  /** A broker that lags behind may still return an old id. */
  readonly #oldIds = new Set<string>();

  constructor(native: Pick<NativeBinding, 'askBrokers'>, logger: Logger) {
    this.#native = native;
    this.#logger = logger;
  }

  /** The id of the topic as it was last seen. */
  idOf(topic: string): string | undefined {
    return this.#ids.get(topic);
  }

  /**
   * The topics whose id differs from the last one; each replacement is reported once. A topic seen for the
   * first time is recorded; one that is missing at the moment is compared once it exists again. Never
   * rejects: unanswered topics are compared the next time.
   */
  async replaced(handleId: number, topics: readonly string[]): Promise<readonly ReplacedTopic[]> {
    if (topics.length === 0) return [];
    try {
      const answers = await this.#native.askBrokers(handleId, 'describeTopics', 0, topics, ASK_TIMEOUT_MS);
      return answers.flatMap(({ name, code, topicId }) => {
        const newId = shownTopicId(topicId);
        if (code !== 0 || newId === undefined) return [];
        const oldId = this.#ids.get(name);
        if (oldId === newId || this.#oldIds.has(newId)) return [];
        this.#ids.set(name, newId);
        if (oldId === undefined) return [];
        this.#oldIds.add(oldId);
        return [{ name, oldId, newId }];
      });
    } catch (error) {
      this.#logger.debug(`topic ids not compared: ${errorText(error)}`, { topics });
      return [];
    }
  }
}

/** The id of a topic as Kafka's tools show it; undefined for brokers before 2.8, which have none. */
export function shownTopicId(base64: string): string | undefined {
  return NO_ID.test(base64) ? undefined : base64.replaceAll('+', '-').replaceAll('/', '_');
}
