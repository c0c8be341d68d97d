import { LagController } from '../../core/flow/lag-controller.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';
import type { Slowdown } from '../../ports/throttle.js';
import { askLag, type LagQuestions } from './group-lag.js';

/** Warnings about a group are logged at most this often. */
const WARN_AGAIN_MS = 60_000;
/** A group for which a run hardly reads anything for this long is named in the log. */
const CRAWL_WARN_MS = 60_000;

export interface LagBound {
  readonly group: string;
  readonly boundRecords: number;
}

export interface WatchedGroupParts {
  /** Records that the run has read so far. */
  readonly readRecords: () => number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** One group that a run must not hold up, and how fast the run may read because of it. */
export class WatchedGroup {
  readonly #bound: LagBound;
  readonly #parts: WatchedGroupParts;
  readonly #controller: LagController;
  #lagRecords: number | undefined;
  /** It has committed nothing: there is no lag to keep. */
  #isUnused = false;
  /** The last request got no answer. */
  #isNotKnown = false;
  #atMs: number;
  #readRecords: number;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #crawlsSinceMs: number | undefined;

  constructor(bound: LagBound, parts: WatchedGroupParts) {
    this.#bound = bound;
    this.#parts = parts;
    this.#controller = new LagController(bound.boundRecords);
    this.#atMs = parts.clock.nowMs();
    this.#readRecords = parts.readRecords();
  }

  isFor({ group, boundRecords }: LagBound): boolean {
    return this.#bound.group === group && this.#bound.boundRecords === boundRecords;
  }

  /** Undefined: no limit. */
  get perSecond(): number | undefined {
    return this.#isUnused ? undefined : this.#controller.perSecond;
  }

  get isSlowing(): boolean {
    return this.#isNotKnown || this.#controller.isSlowing;
  }

  get slowdown(): Slowdown {
    return {
      ...this.#bound,
      lagRecords: this.#isNotKnown ? undefined : this.#lagRecords,
      recordsPerSecond: Math.round(this.#controller.perSecond),
    };
  }

  /** Asks for its lag; never rejects. */
  async look(questions: LagQuestions): Promise<void> {
    const { group } = this.#bound;
    try {
      const { lagRecords, missing } = await askLag(questions, group);
      this.#isNotKnown = false;
      this.#isUnused = lagRecords === undefined;
      if (lagRecords === undefined)
        this.#warn(`group ${group} has committed no offsets, so the run is not slowed down for it`, {
          remedy: 'check its name: kd group show prints the positions of a group',
        });
      else this.#sample(lagRecords);
      if (missing !== undefined)
        this.#warn(`part of the lag of group ${group} is not known and is not counted`, {
          error: missing,
        });
    } catch (error) {
      this.notKnown(error instanceof Error ? error.message : String(error));
    }
  }

  /** Reading goes on as before. */
  notKnown(error: string): void {
    if (this.#isUnused) return;
    this.#isNotKnown = true;
    const perSecond = Math.round(this.#controller.perSecond);
    this.#warn(
      `the lag of group ${this.#bound.group} can't be read; until it can, at most ${perSecond} ` +
        'records/s are read',
      { error, remedy: 'this user needs DESCRIBE on the group and on its topics' },
    );
  }

  #sample(lagRecords: number): void {
    const { clock, readRecords } = this.#parts;
    const nowMs = clock.nowMs();
    const read = readRecords();
    this.#lagRecords = lagRecords;
    this.#controller.sample({
      lagRecords,
      // On a reload, records that the last leg read but did not settle no longer count.
      readRecords: Math.max(0, read - this.#readRecords),
      elapsedMs: nowMs - this.#atMs,
    });
    this.#atMs = nowMs;
    this.#readRecords = read;
    this.#watchCrawl(nowMs);
  }

  #watchCrawl(nowMs: number): void {
    if (!this.#controller.isCrawling) {
      this.#crawlsSinceMs = undefined;
      return;
    }
    this.#crawlsSinceMs ??= nowMs;
    if (nowMs - this.#crawlsSinceMs < CRAWL_WARN_MS) return;
    const { group, boundRecords } = this.#bound;
    this.#warn(`group ${group} is not catching up, so hardly anything is read`, {
      lag: this.#lagRecords,
      bound: boundRecords,
      remedy: 'check that it runs: kd group show lists its members and positions',
    });
  }

  #warn(message: string, fields: Readonly<Record<string, unknown>>): void {
    const nowMs = this.#parts.clock.nowMs();
    if (nowMs - this.#warnedMs < WARN_AGAIN_MS) return;
    this.#warnedMs = nowMs;
    this.#parts.logger.warn(message, fields);
  }
}
