/** A program on a terminal (test/support/running/on-terminal.py), and what its screen shows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { kdEntry } from '../kd.js';
import { projectRoot } from '../paths.js';

const TIMEOUT_MS = 20_000;

export interface TerminalOptions {
  readonly rows?: number;
  readonly columns?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** kd on a terminal. */
export class KdOnTerminal {
  readonly ended: Promise<number | null>;
  /** Everything that was written, as it is. */
  raw = '';
  readonly #child: ChildProcess;
  #looks = new Set<() => void>();

  constructor(args: readonly string[], { rows = 24, columns = 80, cwd, env = {} }: TerminalOptions = {}) {
    const driver = join(projectRoot, 'test', 'support', 'running', 'on-terminal.py');
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(KD_|NO_COLOR|FORCE_COLOR|NODE_TEST)/.test(name),
    );
    this.#child = spawn(
      'python3',
      [driver, String(rows), String(columns), process.execPath, kdEntry(), ...args],
      { cwd, env: { ...Object.fromEntries(own), TERM: 'xterm-256color', ...env } },
    );
    this.#child.stdin?.on('error', () => {
      // It has ended.
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.raw += text;
      for (const look of [...this.#looks]) look();
    });
    this.ended = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));
  }

  keys(text: string): void {
    this.#child.stdin?.write(`keys ${Buffer.from(text).toString('hex')}\n`);
  }

  resize(rows: number, columns: number): void {
    this.#child.stdin?.write(`size ${rows} ${columns}\n`);
  }

  /** The lines of the screen now. */
  get screen(): readonly string[] {
    return screenOf(this.raw);
  }

  /** Resolves with the screen once it fits. */
  shows(what: string, fits: (screen: readonly string[]) => boolean): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
      };
      const look = (): void => {
        const { screen } = this;
        if (!fits(screen)) return;
        end();
        resolve(screen);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`the terminal never showed ${what}:\n${this.screen.join('\n')}`));
      }, TIMEOUT_MS);
      this.#looks.add(look);
      look();
    });
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Understands what kd top writes: places, clearing, the alternate screen; drops colours. */
export function screenOf(raw: string): readonly string[] {
  let lines: string[] = [];
  let [row, column] = [0, 0];
  const put = (text: string): void => {
    const line = (lines[row] ?? '').padEnd(column);
    lines[row] = line.slice(0, column) + text + line.slice(column + text.length);
    column += text.length;
  };
  for (const [token] of raw.matchAll(/\u001b\[[?\d;]*[A-Za-z]|[^\u001b]+/g)) {
    if (!token.startsWith('\u001b')) {
      const [first = '', ...rest] = token.replaceAll('\r', '').split('\n');
      put(first);
      for (const text of rest) {
        [row, column] = [row + 1, 0];
        put(text);
      }
    } else if (token.endsWith('H')) {
      const [at = 1, to = 1] = token.slice(2, -1).split(';').map(Number);
      [row, column] = [at - 1, to - 1];
    } else if (token.endsWith('K')) lines[row] = (lines[row] ?? '').slice(0, column);
    else if (token.endsWith('J') || token.includes('?1049')) lines = [];
  }
  return Array.from(lines, (line: string | undefined) => (line ?? '').trimEnd());
}
