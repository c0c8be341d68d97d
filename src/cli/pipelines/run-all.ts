/** Several pipelines on the command line: one log, one display, one summary of all. */
import { resolve } from 'node:path';
import { type OutcomeOfAll, runPipelines } from '../../app/pipelines/run-pipelines.js';
import { ConfigBook } from '../../app/shown-config.js';
import { configurationFiles } from '../../config/pipelines/find.js';
import type { LoadedPipelines } from '../../config/pipelines/load-pipelines.js';
import { DispatcherError, type ExitCode } from '../../core/errors.js';
import type { CliIo, GlobalOptions } from '../io.js';
import { configFile, readPipelines } from '../load-config.js';
import { aroundRun, loggedToTheEnd } from '../run-on-terminal.js';
import { renderSummary } from '../terminal/summary-text.js';

interface AllOptions extends GlobalOptions {
  readonly progressFile?: string;
}

export async function runAllOnTerminal(
  first: LoadedPipelines,
  until: 'end' | 'forever',
  options: AllOptions,
  io: CliIo,
): Promise<void> {
  const logging = first.pipelines[0]?.loaded.config?.logging;
  if (logging === undefined) throw new DispatcherError('DEFECT', 'there is no pipeline to run');
  const { progressFile } = options;
  const around = await aroundRun(
    { options, logging, ...(progressFile === undefined ? {} : { progressFile }) },
    io,
  );
  const book = new ConfigBook();
  const noted = (all: LoadedPipelines): LoadedPipelines => {
    for (const { loaded } of all.pipelines) book.note(loaded.config, loaded);
    return all;
  };
  noted(first);
  const path = resolve(io.workingDirectory, configFile(options, io) ?? '.');
  const { summary, exitNow } = await loggedToTheEnd(around, () =>
    runPipelines({
      first,
      load: (granted) => noted(readPipelines(options, io, { granted })),
      shown: (inUse) => book.shown(inUse, around.redact),
      until,
      files: () => configurationFiles(path),
      ...around,
    }),
  );
  // First: a reader that has closed the pipe ends the process while the summary is printed.
  io.setExitCode(summary.exitCode as ExitCode);
  await printAll(summary, options, io);
  around.service?.close();
  exitNow?.();
}

/** With `-o jsonl` the events of all pipelines have been printed, each with the name of its own. */
function printAll(summary: OutcomeOfAll['summary'], { output }: GlobalOptions, io: CliIo): Promise<void> {
  if (output === 'jsonl') return Promise.resolve();
  const text =
    output === 'json'
      ? `${JSON.stringify(summary)}\n`
      : summary.pipelines.map((one) => `${renderSummary(one)}\n`).join('');
  return new Promise((done) => {
    io.stdout.write(text, () => done());
  });
}
