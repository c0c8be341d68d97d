/**
 * `max.message.bytes` of output topics: how large a batch (its header and framing counted) the broker takes.
 */
import type { Logger } from '../../ports/logger.js';
import type { NativeBinding } from '../native.js';
import { errorText } from '../rdkafka.js';

/** A slow or silent broker delays the start by this at most; without an answer the defaults apply. */
const ASK_TIMEOUT_MS = 5_000;
const NAME = 'max.message.bytes';
const INT32_MAX = 2_147_483_647;

export interface LimitsRange {
  readonly largestBytes: number;
  readonly smallestBytes: number;
}

export class TopicLimits {
  readonly #native: Pick<NativeBinding, 'describeTopicConfigs'>;
  readonly #logger: Logger;
  readonly #bytesMax = new Map<string, number>();
  /** These brokers do not tell: asked once, not again for every topic. */
  #untold = false;

  constructor(native: Pick<NativeBinding, 'describeTopicConfigs'>, logger: Logger) {
    this.#native = native;
    this.#logger = logger;
  }

  /** Never fails: an old broker or a user without the right to ask leaves the limits unknown. */
  async ask(handleId: number, topics: readonly string[]): Promise<void> {
    const unknown = [...new Set(topics)].filter((topic) => topic !== '' && !this.#bytesMax.has(topic));
    if (this.#untold || unknown.length === 0) return;
    try {
      const answers = await this.#native.describeTopicConfigs(handleId, unknown, [NAME], ASK_TIMEOUT_MS);
      for (const { topic, code, text, values } of answers) {
        const bytesMax = Number(values[0] ?? Number.NaN);
        if (code === 0 && Number.isInteger(bytesMax) && bytesMax >= 0 && bytesMax <= INT32_MAX)
          this.#bytesMax.set(topic, bytesMax);
        else
          this.#logger.debug(
            `kafka producer: ${NAME} of ${topic} is not known: ${code === 0 ? 'no such setting' : text}`,
            { topic, code },
          );
      }
    } catch (error) {
      this.#untold = true;
      this.#logger.debug(
        `kafka producer: ${NAME} can't be asked: ${errorText(error)}; Kafka's default is assumed`,
        { topics: unknown },
      );
    }
  }

  /** It is another topic now: to be asked again. */
  forget(topic: string): void {
    this.#bytesMax.delete(topic);
  }

  of(topic: string): number | undefined {
    return this.#bytesMax.get(topic);
  }

  range(): LimitsRange | undefined {
    if (this.#bytesMax.size === 0) return undefined;
    const all = [...this.#bytesMax.values()];
    return { largestBytes: Math.max(...all), smallestBytes: Math.min(...all) };
  }
}
