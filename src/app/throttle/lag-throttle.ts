/** Slows a run down while other groups lag behind: looks at them regularly, across all legs of the run. */
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';
import type { Slowdown, Throttle } from '../../ports/throttle.js';
import type { LagQuestions } from './group-lag.js';
import { type LagBound, WatchedGroup } from './watched-group.js';

/** From the end of one check until the next begins. */
const LOOK_INTERVAL_MS = 500;
/** After a failed attempt to connect. */
const CONNECT_PAUSE_MS = 5_000;

/** The settings of a configuration. */
export interface Watching {
  readonly bounds: readonly LagBound[];
  /** Connects a client to the groups' cluster. */
  readonly open: () => Promise<LagQuestions>;
}

export interface LagThrottleParts {
  /** Records that the run has read so far. */
  readonly readRecords: () => number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** One client for all groups, which stays connected. No failure of it reaches the run. */
export class LagThrottle implements Throttle {
  readonly #parts: LagThrottleParts;
  #watching: Watching | undefined;
  #groups: readonly WatchedGroup[] = [];
  #questions: LagQuestions | undefined;
  #cancel: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  /** Rises with every configuration, and at the end; a check begun before that schedules no other. */
  #round = 0;

  constructor(parts: LagThrottleParts) {
    this.#parts = parts;
  }

  /** Watches these groups from now on. A group whose bound stays the same keeps its rate. */
  use(watching: Watching): void {
    const closing = this.close();
    const round = this.#round;
    this.#watching = watching;
    this.#groups = watching.bounds.map(
      (bound) => this.#groups.find((known) => known.isFor(bound)) ?? new WatchedGroup(bound, this.#parts),
    );
    if (this.#groups.length > 0)
      void closing.then(() => {
        if (round === this.#round) this.#again(0);
      });
  }

  recordsPerSecond(): number | undefined {
    return this.#slowest()?.perSecond;
  }

  slowdown(): Slowdown | undefined {
    const slowest = this.#slowest();
    return slowest?.isSlowing === true ? slowest.slowdown : undefined;
  }

  /** Never rejects: a client that closes late is not an error of the run. */
  async close(): Promise<void> {
    this.#round += 1;
    this.#cancel();
    await this.#looking;
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const questions = this.#questions;
    this.#questions = undefined;
    await questions?.close().catch((error: unknown) => {
      this.#parts.logger.debug('the client that reads lags closed late', { error: messageOf(error) });
    });
  }

  #slowest(): WatchedGroup | undefined {
    let slowest: WatchedGroup | undefined;
    for (const group of this.#groups)
      if ((group.perSecond ?? Number.POSITIVE_INFINITY) < (slowest?.perSecond ?? Number.POSITIVE_INFINITY))
        slowest = group;
    return slowest;
  }

  #again(delayMs: number): void {
    const round = this.#round;
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      this.#looking = this.#look().then((pauseMs) => {
        if (round === this.#round) this.#again(pauseMs);
      });
    });
  }

  /** Returns the pause until the next check. */
  async #look(): Promise<number> {
    try {
      this.#questions ??= await this.#watching?.open();
    } catch (error) {
      for (const group of this.#groups) group.notKnown(messageOf(error));
      return CONNECT_PAUSE_MS;
    }
    const questions = this.#questions;
    if (questions !== undefined) await Promise.all(this.#groups.map((group) => group.look(questions)));
    return LOOK_INTERVAL_MS;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
