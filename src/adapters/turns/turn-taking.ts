/**
 * Shares the processor among pipelines by weight: start-time fair queueing. Each turn adds its duration,
 * divided by the weight, to the pipeline's own time; the next turn goes to the one whose time is lowest. So a
 * pipeline with long turns gets fewer of them, and one that was idle does not catch up.
 */
import type { Clock } from '../../ports/clock.js';
import type { Turns } from '../../ports/turns.js';

/**
 * A turn that takes longer is over: the task goes on without it. A function that hangs, or waits for a
 * service, must not keep the others waiting; the kernel shares the processor then.
 */
export const TURN_MS_MAX = 50;

interface Member {
  readonly weight: number;
  readonly waiting: ((end: () => void) => void)[];
  /** Time used, divided by the weight. */
  usedMs: number;
}

export class TurnTaking {
  readonly #clock: Clock;
  readonly #atOnce: number;
  readonly #members = new Set<Member>();
  #running = 0;
  /** The time of the member whose turn began last. */
  #nowMs = 0;

  /** `atOnce`: turns that may run at the same time. */
  constructor(clock: Clock, atOnce: number) {
    this.#clock = clock;
    this.#atOnce = atOnce;
  }

  /** Turns for one pipeline. */
  of(weight: number): Turns {
    const member: Member = { weight, waiting: [], usedMs: 0 };
    return {
      take: (begin) => {
        if (!this.#members.has(member)) member.usedMs = Math.max(member.usedMs, this.#nowMs);
        this.#members.add(member);
        member.waiting.push(begin);
        this.#next();
      },
    };
  }

  #next(): void {
    while (this.#running < this.#atOnce) {
      const member = this.#lowest();
      const begin = member?.waiting.shift();
      if (member === undefined || begin === undefined) return;
      if (member.waiting.length === 0) this.#members.delete(member);
      this.#running += 1;
      this.#nowMs = member.usedMs;
      begin(this.#turnOf(member));
    }
  }

  #lowest(): Member | undefined {
    let lowest: Member | undefined;
    for (const member of this.#members)
      if (lowest === undefined || member.usedMs < lowest.usedMs) lowest = member;
    return lowest;
  }

  /** Returns a function that ends the turn. */
  #turnOf(member: Member): () => void {
    const beganMs = this.#clock.nowMs();
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      cancel();
      member.usedMs += (this.#clock.nowMs() - beganMs) / member.weight;
      this.#running -= 1;
      this.#next();
    };
    const cancel = this.#clock.after(TURN_MS_MAX, end);
    return end;
  }
}
