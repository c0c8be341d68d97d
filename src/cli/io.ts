/** The outside world of a verb, passed in so that tests can replace it. */
import type { Readable, Writable } from 'node:stream';
import pc from 'picocolors';
import type { Environment } from '../config/text/interpolate.js';
import type { ExitCode } from '../core/errors.js';
import type { Secrets } from '../secrets/secrets.js';

export interface CliIo {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  /** Results only. */
  readonly stdout: Writable & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  /** Progress, logs, errors. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Environment;
  readonly workingDirectory: string;
  setExitCode(code: ExitCode): void;
  /** The secrets known so far, which are removed from everything that is logged or reported. */
  readonly secrets?: Secrets;
}

/** Options that every verb has. */
export interface GlobalOptions {
  /** A file, or a directory of files with a pipeline each. */
  readonly config?: string;
  /** The one of several pipelines that is meant. */
  readonly pipeline?: string;
  readonly set?: readonly string[];
  /** `jsonl`: the events of a run; refused by other verbs. */
  readonly output?: 'text' | 'json' | 'jsonl';
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Options of verbs that only talk to Kafka. */
export interface KafkaOptions {
  readonly bootstrapServers?: string;
  readonly property?: readonly string[];
  readonly commandConfig?: string;
}

/** `NO_COLOR` applies when it is set and not empty; FORCE_COLOR is for terminals that are not detected. */
export function colorsFor(
  stream: { readonly isTTY?: boolean },
  env: Environment,
): ReturnType<typeof pc.createColors> {
  return pc.createColors(useColors(stream, env));
}

export function useColors(stream: { readonly isTTY?: boolean }, env: Environment): boolean {
  const noColor = env['NO_COLOR'];
  if (noColor !== undefined && noColor !== '') return false;
  const force = env['FORCE_COLOR'];
  return (
    (force !== undefined && force !== '' && force !== '0') ||
    (stream.isTTY === true && env['TERM'] !== 'dumb')
  );
}

/** A result on stdout: one JSON document, or text. */
export function printJson(io: CliIo, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
