#!/usr/bin/env node
/** The entry of `kd`: hands the process to the command line. */
import { Console } from 'node:console';
import type { CliIo } from './cli/io.js';
import { runCli } from './cli/program.js';
import { ExitCode } from './core/errors.js';
import { Secrets } from './secrets/secrets.js';

/** How long open handles may keep the process after a verb has finished. */
const LINGER_MAX_MS = 5_000;

const secrets = new Secrets();

const io: CliIo = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  workingDirectory: process.cwd(),
  secrets,
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A run that prints events decides itself what to do without its reader.
  if (process.stdout.listenerCount('error') > 1) return;
  // `kd consume … | head`: the reader has closed the pipe, which is not an error.
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(
    `error: standard output can't be written: ${error.message}\n` +
      '    → free space where it goes, or send it elsewhere, then run the command again\n',
  );
  process.exit(process.exitCode || ExitCode.configuration);
});
// Work continues even if nobody reads standard error.
process.stderr.on('error', () => undefined);

// Only results go to standard output: a transform that runs in this thread (`threads: 0`) or is inspected may
// print at its top level.
globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });

process.on('uncaughtException', (error) => {
  const text = `error: a bug in Kafka-Dispatcher: ${error.stack ?? error.message}\n`;
  process.stderr.write(secrets.redact(text));
  process.exit(ExitCode.defect);
});

// No top-level `await`: the bundle is a plain script, whose compiled code can be cached (scripts/bundle.mjs).
void runCli(process.argv.slice(2), io).then(() => setTimeout(() => process.exit(), LINGER_MAX_MS).unref());
