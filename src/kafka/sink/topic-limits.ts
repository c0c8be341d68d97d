/**
 * `max.message.bytes` of output topics: the maximum size of a batch (including its header and framing) that
 * the broker accepts.
 */
import type { Logger } from '../../ports/logger.js';
import type { NativeBinding } from '../native.js';
import { errorText } from '../rdkafka.js';

/** A slow or silent broker delays the start by this much at most; without an answer the defaults apply. */
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
  /** The brokers do not report limits: they are asked once, not for every topic. */
  #areHidden = false;

  constructor(native: Pick<NativeBinding, 'describeTopicConfigs'>, logger: Logger) {
    this.#native = native;
    this.#logger = logger;
  }

  /** Never fails: with an old broker or without the right to ask, the limits are unknown. */
  async ask(handleId: number, topics: readonly string[]): Promise<void> {
    const unknown = [...new Set(topics)].filter((topic) => topic !== '' && !this.#bytesMax.has(topic));
    if (this.#areHidden || unknown.length === 0) return;
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
      this.#areHidden = true;
      this.#logger.debug(
        `kafka producer: ${NAME} can't be asked: ${errorText(error)}; Kafka's default is assumed`,
        { topics: unknown },
      );
    }
  }

  /** The topic was replaced: ask again. */
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
