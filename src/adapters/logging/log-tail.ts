/** The newest lines of the log, for those who look at a running job without its stderr. */

/** The oldest lines are dropped beyond this. */
const CHARACTERS_MAX = 262_144;
/** A line with longer values is kept without its fields. */
const LINE_CHARACTERS_MAX = 16_384;

export interface TailPage {
  /** The number of the oldest line that is kept. */
  readonly oldest: number;
  /** To be asked for next: the number of the newest line. */
  readonly newest: number;
  /** JSON objects without secrets, the oldest first. */
  readonly lines: readonly { readonly number: number; readonly json: string }[];
}

export class LogTail {
  readonly #lines: string[] = [];
  #characters = 0;
  #newest = 0;

  /** `json`: one object, as in a log of JSON lines. */
  add(json: string): void {
    const line = json.length <= LINE_CHARACTERS_MAX ? json : shortened(json);
    this.#lines.push(line);
    this.#characters += line.length;
    this.#newest += 1;
    while (this.#characters > CHARACTERS_MAX) this.#characters -= this.#lines.shift()?.length ?? 0;
  }

  /** The lines after the one with that number; after none, the newest. */
  after(number: number): TailPage {
    const oldest = this.#newest - this.#lines.length + 1;
    // Numbers from before a restart of the process are higher than any here.
    const from = number > this.#newest ? oldest : Math.max(oldest, number + 1);
    const lines = this.#lines.slice(from - oldest).map((json, index) => ({ number: from + index, json }));
    return { oldest, newest: this.#newest, lines };
  }
}

function shortened(json: string): string {
  const { time, level, message } = JSON.parse(json) as Readonly<Record<string, unknown>>;
  return JSON.stringify({ time, level, message: String(message).slice(0, LINE_CHARACTERS_MAX / 4) });
}
