/** Runs the command line as users do: the compiled `kd` in its own process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildRoot, projectRoot } from './paths.js';

export interface KdOptions {
  readonly cwd?: string;
  /** Added to this process's environment, without its KD_ variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** [120,000] runKd: after this time SIGKILL and an error. */
  readonly timeoutMs?: number;
  readonly input?: string;
  readonly nodeOptions?: readonly string[];
  /** [kdEntry()] */
  readonly entry?: string;
}

export interface KdResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const TIMEOUT_MS = 120_000;
const OUTPUT_CHARACTERS_MAX = 64 * 1024 * 1024;

/**
 * The bundled command line that ships in `build/`. Under coverage, and for a build elsewhere, the compiled
 * entry, so that lines can be attributed.
 */
export function kdEntry(): string {
  const compiled = join(buildRoot, 'src', 'main.js');
  const candidates = [join(buildRoot, 'bin', 'kd.mjs'), compiled];
  if (process.env['NODE_V8_COVERAGE'] !== undefined && existsSync(compiled)) return compiled;
  return candidates.find((path) => existsSync(path)) ?? join(projectRoot, 'build', 'bin', 'kd.mjs');
}

/** Runs to the end; resolves for any exit code. */
export async function runKd(args: readonly string[], options: KdOptions = {}): Promise<KdResult> {
  const kd = spawnKd(args, options);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const timer = setTimeout(() => {
    kd.kill('SIGKILL');
  }, timeoutMs);
  const result = await kd.ended;
  clearTimeout(timer);
  if (result.signal === 'SIGKILL') {
    throw new Error(
      `kd ${args.join(' ')} was killed after ${timeoutMs} ms\n${result.stdout}${result.stderr}`,
    );
  }
  return result;
}

/** The last JSON object on standard output: the summary of `-o json`. */
export function lastJson(stdout: string): unknown {
  const whole = stdout.trim();
  try {
    return JSON.parse(whole);
  } catch {
    const lastLine = whole.slice(whole.lastIndexOf('\n') + 1);
    return JSON.parse(lastLine);
  }
}

export function spawnKd(args: readonly string[], options: KdOptions = {}): KdProcess {
  return new KdProcess(args, options);
}

export class KdProcess {
  readonly child: ChildProcess;
  /** Resolves when the process and its output have ended. */
  readonly ended: Promise<KdResult>;
  #stdout = '';
  #stderr = '';
  #result: KdResult | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(args: readonly string[], options: KdOptions) {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('KD_') && name !== 'NODE_TEST_CONTEXT',
    );
    const env = { ...Object.fromEntries(inherited), ...options.env };
    this.child = spawn(
      process.execPath,
      [...(options.nodeOptions ?? []), options.entry ?? kdEntry(), ...args],
      {
        cwd: options.cwd,
        env,
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    this.child.stdin?.on('error', () => {
      // kd ended without reading its input.
    });
    this.child.stdin?.end(options.input ?? '');
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout = (this.#stdout + text).slice(-OUTPUT_CHARACTERS_MAX);
      this.#changed();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-OUTPUT_CHARACTERS_MAX);
      this.#changed();
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        this.#result = { code, signal, stdout: this.#stdout, stderr: this.#stderr };
        this.#changed();
        resolve(this.#result);
      });
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.child.kill(signal);
  }

  /**
   * Waits until standard output or error matches; rejects when the process ends first, or after the timeout.
   */
  waitFor(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const look = (): void => {
        const match = pattern.exec(this.#stderr) ?? pattern.exec(this.#stdout);
        if (match !== null) {
          done();
          resolve(match);
        } else if (this.#result !== undefined) {
          done();
          reject(
            new Error(
              `kd ended (${this.#result.code ?? this.#result.signal}) without ` +
                `${pattern.source}\n${this.#stdout}${this.#stderr}`,
            ),
          );
        }
      };
      const timer = setTimeout(() => {
        done();
        reject(
          new Error(
            `kd has not said ${pattern.source} after ${timeoutMs} ms\n${this.#stdout}${this.#stderr}`,
          ),
        );
      }, timeoutMs);
      this.#listeners.add(look);
      look();
    });
  }

  #changed(): void {
    for (const look of [...this.#listeners]) {
      look();
    }
  }
}
