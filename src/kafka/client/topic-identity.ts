/**
 * A topic is its id, not its name: deleted and created again, it has the same name and other records under
 * the same offsets. Brokers before 2.8 have no ids; there nothing can be compared.
 */
import type { Logger } from '../../ports/logger.js';
import type { NativeBinding } from '../native.js';
import { errorText } from '../rdkafka.js';

const ASK_TIMEOUT_MS = 5_000;
/** What librdkafka has for a topic without an id: sixteen zero bytes. */
const NO_ID = /^A*$/;

export interface ReplacedTopic {
  readonly name: string;
  readonly oldId: string;
  readonly newId: string;
}

/** The ids of the topics that one client deals with. */
export class TopicIdentities {
  readonly #native: Pick<NativeBinding, 'askBrokers'>;
  readonly #logger: Logger;
  readonly #ids = new Map<string, string>();
  /** A broker that lags behind may name an old one once more. */
  readonly #oldIds = new Set<string>();

  constructor(native: Pick<NativeBinding, 'askBrokers'>, logger: Logger) {
    this.#native = native;
    this.#logger = logger;
  }

  /** As it was last seen. */
  idOf(topic: string): string | undefined {
    return this.#ids.get(topic);
  }

  /**
   * The topics that have another id than the last time; each replacement is reported once. A topic seen for
   * the first time is learnt; one that is missing for now is compared once it is there again. Never rejects:
   * what is not answered is compared the next time.
   */
  async replaced(handleId: number, topics: readonly string[]): Promise<readonly ReplacedTopic[]> {
    if (topics.length === 0) return [];
    try {
      const answers = await this.#native.askBrokers(handleId, 'describeTopics', 0, topics, ASK_TIMEOUT_MS);
      return answers.flatMap(({ name, code, topicId }) => {
        if (code !== 0 || NO_ID.test(topicId)) return [];
        const oldId = this.#ids.get(name);
        const newId = asToolsShowIt(topicId);
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

function asToolsShowIt(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
