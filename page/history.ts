/** What changed between two answers: rates over the last minutes. */
import type { Status } from './server.js';

export interface Point {
  readonly at: number;
  readonly in: number;
  readonly out: number;
  readonly dead: number;
  readonly lag: number;
}

/** Five minutes at one answer every two seconds. */
const POINTS_MAX = 150;

export class History {
  readonly points: Point[] = [];
  #last: Status | undefined;

  add(status: Status): void {
    const last = this.#last;
    this.#last = status;
    // Another start of the process counts from zero.
    if (last?.startedAt !== status.startedAt) this.points.length = 0;
    if (last?.startedAt !== status.startedAt) return;
    const seconds = status.elapsedSeconds - last.elapsedSeconds;
    if (seconds <= 0) return;
    const per = (now: number, before: number): number => Math.max(0, (now - before) / seconds);
    this.points.push({
      at: Date.now(),
      in: per(status.records.consumed, last.records.consumed),
      out: per(status.records.emitted, last.records.emitted),
      dead: per(status.records.deadLettered, last.records.deadLettered),
      lag: status.lag ?? 0,
    });
    if (this.points.length > POINTS_MAX) this.points.shift();
  }

  get newest(): Point | undefined {
    return this.points.at(-1);
  }
}
