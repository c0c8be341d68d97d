import { PassThrough } from 'node:stream';
import type { CliIo } from '../../src/cli/io.js';
import { runCli } from '../../src/cli/program.js';
import { readAll } from '../support/read-all.js';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** Both outputs are a terminal of this width. */
  readonly columns?: number;
}

/** The streams of a verb, kept in memory. Read once, when the verb has ended. */
export function memoryIo(around: Surroundings = {}): { io: CliIo; outcome: () => Outcome } {
  const output = (): PassThrough & { isTTY?: boolean; columns?: number } => {
    const stream = new PassThrough();
    return around.columns === undefined ? stream : Object.assign(stream, { columns: around.columns });
  };
  const stdout = output();
  const stderr = output();
  let code = 0;
  const io: CliIo = {
    stdin: new PassThrough(),
    stdout,
    stderr,
    env: around.env ?? {},
    workingDirectory: around.workingDirectory ?? '/',
    setExitCode: (value) => {
      code = value;
    },
  };
  return { io, outcome: () => ({ code, out: readAll(stdout), err: readAll(stderr) }) };
}

export async function kdInMemory(args: readonly string[], around: Surroundings = {}): Promise<Outcome> {
  const { io, outcome } = memoryIo(around);
  await runCli(args, io);
  return outcome();
}

/** What no text from elsewhere may bring to a terminal: anything but printable characters and line ends. */
export const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Clears the screen, sets a title, fakes a line, reverses letters, and ends with C1's CSI. */
export const HOSTILE = 'a\u001b[2J\u001b]0;title\u0007\r\nerror: fake\u202egnp.exe\u2028b\u009b31m\u0000';
