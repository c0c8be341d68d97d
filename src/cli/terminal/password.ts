/** A password for a verb: from a variable, from a file, or typed on a terminal without echo. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { DispatcherError } from '../../core/errors.js';
import type { CliIo } from '../io.js';

const PASSWORD_FILE_BYTES_MAX = 65_536;

export interface PasswordOptions {
  readonly passwordEnv?: string;
  readonly passwordFile?: string;
}

/** Undefined when neither is given. The password is masked in all later output. */
export function passwordFrom({ passwordEnv, passwordFile }: PasswordOptions, io: CliIo): string | undefined {
  if (passwordEnv !== undefined && passwordFile !== undefined)
    throw usage("--password-env and --password-file can't be combined", 'use only one of them');
  if (passwordEnv !== undefined) {
    const value = io.env[passwordEnv];
    if (value === undefined)
      throw usage(
        `--password-env: the variable ${passwordEnv} is not set`,
        `set it: export ${passwordEnv}=…`,
      );
    return remembered(value, io);
  }
  return passwordFile === undefined
    ? undefined
    : remembered(readPassword(resolve(io.workingDirectory, passwordFile)), io);
}

function readPassword(file: string): string {
  try {
    const stats = statSync(file);
    if (!stats.isFile() && !stats.isFIFO()) throw new Error('it is not a file');
    if (stats.size > PASSWORD_FILE_BYTES_MAX) throw new Error(`it has ${stats.size} bytes`);
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw usage(
      `--password-file: ${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
      'check the path and its permissions',
      error,
    );
  }
}

export async function askPassword(file: string, io: CliIo): Promise<string> {
  if (io.stdin.isTTY !== true)
    throw new DispatcherError(
      'CONFIGURATION',
      `${file}: its certificates are encrypted, and no password was given`,
      {
        remedy: 'use --password-env VARIABLE or --password-file FILE',
      },
    );
  io.stderr.write(`password of ${file}: `);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: io.stdin, output: unseen, terminal: true });
  try {
    return await new Promise<string>((answer, fail) => {
      lines.once('SIGINT', () =>
        fail(usage('no password was given', 'type it, or use --password-env or --password-file')),
      );
      lines.once('close', () =>
        fail(usage('no password was given', 'type it, or use --password-env or --password-file')),
      );
      lines.question('', (typed) => answer(remembered(typed, io)));
    });
  } finally {
    lines.close();
    io.stderr.write('\n');
  }
}

function remembered(password: string, io: CliIo): string {
  if (password !== '') io.secrets?.remember(password);
  return password;
}

function usage(message: string, remedy: string, cause?: unknown): DispatcherError {
  return new DispatcherError('USAGE', message, cause === undefined ? { remedy } : { remedy, cause });
}
