import type { DeadLetterExample } from '../../core/books/accounting.js';
import { DispatcherError } from '../../core/errors.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

export interface RejectedRecords {
  readonly code: string;
  readonly rows: number;
  readonly example: DeadLetterExample;
}

/** Consecutive batches that are counted together. */
interface Stretch {
  rows: number;
  deadRows: number;
  readonly byCode: Map<string, RejectedRecords>;
}

const CODES_NAMED_MAX = 5;
const MESSAGE_CHARACTERS_MAX = 200;

/**
 * Ends the run if more of its latest records became dead letters than `dispatcher.dead-letter.stop-above`
 * allows: a wrong schema or a forgotten return rejects nearly everything, and nobody reads the dead-letter
 * topic. Each record counts once, even if a rewind reads it again.
 */
export class DeadLetterShare {
  private readonly state: RunState;
  /** The latest records, oldest first: just enough of them for the window. */
  private readonly stretches: Stretch[] = [];
  private rows = 0;
  private deadRows = 0;

  constructor(state: RunState) {
    this.state = state;
  }

  booked(rows: number, deadLetters: readonly RejectedRecords[]): void {
    const last = this.stretches.at(-1);
    const stretch =
      last === undefined || last.rows >= Limits.shareStretchRecords
        ? { rows: 0, deadRows: 0, byCode: new Map<string, RejectedRecords>() }
        : last;
    if (stretch !== last) this.stretches.push(stretch);
    const deadRows = deadLetters.reduce((sum, letters) => sum + letters.rows, 0);
    stretch.rows += rows;
    stretch.deadRows += deadRows;
    addTo(stretch.byCode, deadLetters);
    this.rows += rows;
    this.deadRows += deadRows;
    this.forgetOld();
    const isAbove = this.deadRows * 100 > this.state.settings.deadLettersMaxPercent * this.rows;
    if (isAbove && this.deadRows >= Limits.shareDeadLettersMin) this.state.fail(this.error());
  }

  private forgetOld(): void {
    for (let [oldest] = this.stretches; oldest !== undefined; [oldest] = this.stretches) {
      if (this.rows - oldest.rows < Limits.shareWindowRecords) return;
      this.stretches.shift();
      this.rows -= oldest.rows;
      this.deadRows -= oldest.deadRows;
    }
  }

  private error(): DispatcherError {
    const byCode = new Map<string, RejectedRecords>();
    for (const stretch of this.stretches) addTo(byCode, [...stretch.byCode.values()]);
    const codes = [...byCode.values()].sort((a, b) => b.rows - a.rows);
    const more = codes.length - CODES_NAMED_MAX;
    const words = codes.slice(0, CODES_NAMED_MAX).map(describe).join('; ');
    return new DispatcherError(
      'TOO_MANY_DEAD_LETTERS',
      `${this.deadRows} of the last ${this.rows} records became dead letters, more than ` +
        `dispatcher.dead-letter.stop-above (${this.state.settings.deadLettersMaxPercent}%): ${words}` +
        `${more > 0 ? `; and ${more} more codes` : ''}`,
      {
        remedy:
          'correct the transform, the schema or the input, start again, and replay the dead-letter topic: ' +
          'its records are committed; if so many are expected, raise dispatcher.dead-letter.stop-above ' +
          '(100% never stops)',
      },
    );
  }
}

function addTo(byCode: Map<string, RejectedRecords>, deadLetters: readonly RejectedRecords[]): void {
  for (const { code, rows, example } of deadLetters) {
    if (rows > 0) byCode.set(code, { code, rows: rows + (byCode.get(code)?.rows ?? 0), example });
  }
}

function describe({ code, rows, example }: RejectedRecords): string {
  const { message, topic, partition, offset } = example;
  const short =
    message.length > MESSAGE_CHARACTERS_MAX ? `${message.slice(0, MESSAGE_CHARACTERS_MAX)}…` : message;
  return `${code} ${rows}, e.g. topic ${topic}, partition ${partition}, offset ${offset}: ${short}`;
}
