/** The alternate screen of a terminal: lines are written in place, and only those that changed. */

interface Terminal {
  write(text: string): unknown;
}

const ESC = '\x1b[';
/** Alternate screen on, cursor off, no wrapping: a wide character must not push the next line down. */
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J`;
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
/** Terminals that know it show everything in between at once; others ignore it. */
const BEGIN = `${ESC}?2026h`;
const END = `${ESC}?2026l`;

export class Screen {
  readonly #terminal: Terminal;
  #lines: readonly string[] = [];
  #entered = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  enter(): void {
    this.#entered = true;
    this.#lines = [];
    this.#terminal.write(ENTER);
  }

  /** Idempotent. */
  leave(): void {
    if (this.#entered) this.#terminal.write(LEAVE);
    this.#entered = false;
  }

  /** After a change of size the terminal may have moved what was there. */
  forget(): void {
    this.#lines = [];
    this.#terminal.write(`${ESC}2J`);
  }

  draw(lines: readonly string[]): void {
    const rows = Math.max(lines.length, this.#lines.length);
    let changes = '';
    for (let row = 0; row < rows; row++) {
      const line = lines[row] ?? '';
      if (line !== this.#lines[row]) changes += `${ESC}${row + 1};1H${line}${ESC}K`;
    }
    this.#lines = lines;
    if (changes !== '') this.#terminal.write(`${BEGIN}${changes}${END}`);
  }
}
