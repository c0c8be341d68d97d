/**
 * Output topics that were deleted and created again while results were written to them: the broker accepts
 * the next results silently, and the earlier ones are gone. This reports it, because nothing else would.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../ports/logger.js';
import { type ReplacedTopic, TopicIdentities } from '../client/topic-identity.js';
import type { NativeBinding } from '../native.js';
import type { NativeWriter } from '../native-writer.js';

/**
 * How often ids are compared while results are written: a longer interval would leave more results in doubt.
 */
const COMPARE_INTERVAL_MS = 5_000;

interface Parts {
  readonly native: Pick<NativeBinding, 'askBrokers'>;
  readonly logger: Logger;
  readonly handleId: number;
  readonly writer: Pick<NativeWriter, 'stats' | 'written'>;
  /** Names and numbers of all topics that are written to. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Called once for each replaced topic. */
  readonly replaced: (name: string) => Promise<void>;
}

export class ReplacedOutputs {
  readonly #parts: Parts;
  readonly #identities: TopicIdentities;
  readonly #timer: NodeJS.Timeout;
  /** Results lost with earlier topics, by the number of the topic. */
  readonly #goneBefore = new Map<number, number>();
  #producedBefore = 0;
  #comparing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#identities = new TopicIdentities(parts.native, parts.logger);
    this.#timer = setInterval(() => this.#tick(), COMPARE_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Call it before the first result is written to the topic. */
  async learn(name: string): Promise<void> {
    await this.#report(await this.#identities.replaced(this.#parts.handleId, [name]));
  }

  /** Compares all ids. While a comparison runs, its promise is returned. */
  compare(): Promise<void> {
    this.#comparing ??= this.#compare().finally(() => {
      this.#comparing = undefined;
    });
    return this.#comparing;
  }

  /** Covers what was written since the last comparison. */
  async end(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    if (this.#hasWritten) await Promise.race([this.compare(), delay(timeoutMs, undefined, { ref: false })]);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get #hasWritten(): boolean {
    return this.#parts.writer.stats().produced !== this.#producedBefore;
  }

  #tick(): void {
    if (this.#hasWritten) void this.compare();
  }

  async #compare(): Promise<void> {
    const { handleId, numbers, writer } = this.#parts;
    this.#producedBefore = writer.stats().produced;
    await this.#report(await this.#identities.replaced(handleId, [...numbers.keys()]));
  }

  async #report(replaced: readonly ReplacedTopic[]): Promise<void> {
    for (const { name, oldId, newId } of replaced) {
      const results = this.#takeWritten(name);
      const gone =
        results > 0
          ? `up to ${results} results that this run wrote to it before are gone with the old topic`
          : 'this run had written nothing to the old topic';
      this.#parts.logger.warn(`topic ${name} was deleted and created again: ${gone}`, {
        oldTopicId: oldId,
        newTopicId: newId,
        results,
      });
      await this.#parts.replaced(name);
    }
  }

  #takeWritten(name: string): number {
    const number = this.#parts.numbers.get(name);
    if (number === undefined) return 0;
    const written = this.#parts.writer.written(number);
    const goneBefore = this.#goneBefore.get(number) ?? 0;
    this.#goneBefore.set(number, written);
    return Math.max(0, written - goneBefore);
  }
}
