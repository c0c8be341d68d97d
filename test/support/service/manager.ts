/** A stand-in for systemd: what a process tells its service manager. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { projectRoot } from '../paths.js';

export interface Notice {
  /** The sender, as the kernel knows it. */
  readonly pid: number;
  readonly lines: readonly string[];
}

const WAIT_MS_MAX = 30_000;

export class ServiceManager {
  readonly socket: string;
  readonly notices: Notice[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  #isListening = false;

  private constructor(socket: string) {
    this.socket = socket;
    // Node has no datagram sockets of the Unix kind.
    this.#child = spawn('python3', [`${projectRoot}/test/support/service/manager.py`, socket], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    if (this.#child.stdout === null) throw new Error('the stand-in has no output');
    createInterface(this.#child.stdout).on('line', (line) => this.#received(line));
  }

  /** `socket`: a path, or @name for an abstract socket. */
  static async listen(socket: string): Promise<ServiceManager> {
    const manager = new ServiceManager(socket);
    await manager.#until(() => manager.#isListening, 'the stand-in listens');
    return manager;
  }

  /** Resolves with all lines once `count` equal or begin with `line`. */
  async waitFor(line: string, count = 1): Promise<readonly string[]> {
    await this.#until(() => this.lines.filter((got) => got.startsWith(line)).length >= count, line);
    return this.lines;
  }

  get lines(): readonly string[] {
    return this.notices.flatMap(({ lines }) => lines);
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  #received(line: string): void {
    const said = JSON.parse(line) as Notice | { readonly ready: true };
    if ('ready' in said) this.#isListening = true;
    else this.notices.push(said);
    for (const look of [...this.#waiting]) look();
  }

  #until(holds: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`not seen in ${WAIT_MS_MAX} ms: ${what}; received:\n${this.lines.join('\n')}`));
      }, WAIT_MS_MAX);
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
