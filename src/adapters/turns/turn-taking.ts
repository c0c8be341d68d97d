/**
 * Shares the processor among pipelines by weight: start-time fair queueing. Each turn adds its duration,
 * divided by the weight, to the pipeline's own time; the next turn goes to the one whose time is lowest. So a
 * pipeline with long turns gets fewer of them, and one that was idle does not catch up.
 */
import type { Clock } from '../../ports/clock.js';
import type { EndTurn, Turns } from '../../ports/turns.js';

/**
 * A turn that takes longer is over: the task goes on without it. A function that hangs, or waits for a
 * service, must not keep the others waiting; the kernel shares the processor then.
 */
export const TURN_MS_MAX = 50;
/**
 * Tasks that are shorter share one thread's turn, as many as make up this time together. A turn lasts until
 * the main thread has seen the result: one by one, small tasks would wait for it, not for a thread.
 */
export const FULL_TURN_MS = 10;

interface Member {
  readonly weight: number;
  readonly waiting: ((end: EndTurn) => void)[];
  /** Time used, divided by the weight. */
  usedMs: number;
  /** How long the next task is likely to take: as long as the last one; at most a full turn. */
  likelyMs: number;
}

export class TurnTaking {
  readonly #clock: Clock;
  readonly #atOnceMs: number;
  readonly #members = new Set<Member>();
  #runningMs = 0;
  /** The time of the member whose turn began last. */
  #nowMs = 0;

  /** `threads`: how many may compute at the same time. */
  constructor(clock: Clock, threads: number) {
    this.#clock = clock;
    this.#atOnceMs = threads * FULL_TURN_MS;
  }

  /** Turns for one pipeline. */
  of(weight: number): Turns {
    const member: Member = { weight, waiting: [], usedMs: 0, likelyMs: FULL_TURN_MS };
    return {
      take: (begin) => {
        if (!this.#members.has(member)) member.usedMs = Math.max(member.usedMs, this.#nowMs);
        this.#members.add(member);
        member.waiting.push(begin);
        this.#next();
      },
    };
  }

  /** The next one is never passed over: a long task waits until enough short ones have ended. */
  #next(): void {
    for (;;) {
      const member = this.#lowest();
      if (member === undefined || this.#runningMs + member.likelyMs > this.#atOnceMs) return;
      const begin = member.waiting.shift();
      if (member.waiting.length === 0) this.#members.delete(member);
      this.#runningMs += member.likelyMs;
      this.#nowMs = member.usedMs;
      begin?.(this.#turnOf(member));
    }
  }

  #lowest(): Member | undefined {
    let lowest: Member | undefined;
    for (const member of this.#members)
      if (lowest === undefined || member.usedMs < lowest.usedMs) lowest = member;
    return lowest;
  }

  /**
   * Returns a function that ends the turn. What is charged has a limit: while the main thread is busy, no
   * turn seems to end, and whoever has one then would wait until all others had used as much.
   */
  #turnOf(member: Member): EndTurn {
    const beganMs = this.#clock.nowMs();
    const { likelyMs } = member;
    let isOver = false;
    const end: EndTurn = (usedMs = this.#clock.nowMs() - beganMs) => {
      if (isOver) return;
      isOver = true;
      cancel();
      member.usedMs += Math.min(usedMs, TURN_MS_MAX) / member.weight;
      member.likelyMs = Math.max(1, Math.min(Math.ceil(usedMs), FULL_TURN_MS));
      this.#runningMs -= likelyMs;
      this.#next();
    };
    const cancel = this.#clock.after(TURN_MS_MAX, () => end(TURN_MS_MAX));
    return end;
  }
}
