/**
 * `kd validate`: checks configuration, schemas and transform, without a network; reports every problem at
 * once.
 */
import type { Command } from 'commander';
import { inspectParts } from '../../app/compose/inspect-parts.js';
import { checkTypes } from '../../app/type-check.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Note } from '../../config/keys/side.js';
import type { Loaded } from '../../config/load.js';
import type { LoadedPipelines } from '../../config/pipelines/load-pipelines.js';
import { formatProblem, type Problem, Problems } from '../../config/text/problem.js';
import { DispatcherError, ExitCode } from '../../core/errors.js';
import { explainBoth, printExplained } from '../explain.js';
import { type CliIo, colorsFor, type GlobalOptions, printJson } from '../io.js';
import { configFile, readPipelines } from '../load-config.js';
import { addExample, optionsOf } from '../options.js';

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('validate')
    .description('check configuration, schemas and transform without a network: every problem at once')
    .option('--strict', 'warnings count as failures (exit 6)')
    .option('--types', "also run tsc --noEmit in the transform's own project and report its errors")
    .option('--explain', 'print every property that librdkafka gets, with value, origin and reason')
    .action(async (_options: unknown, self: Command) => {
      await validate(optionsOf<ValidateOptions>(self), io);
    });
  addExample(
    command,
    'kd validate -c kd.yml',
    'kd validate -c kd.yml --explain',
    'kd validate -c kd.yml --strict -o json',
    'kd validate -c kd.yml --types',
  );
}

interface ValidateOptions {
  readonly strict?: boolean;
  readonly types?: boolean;
  readonly explain?: boolean;
}

async function validate(options: GlobalOptions & ValidateOptions, io: CliIo): Promise<void> {
  const all = readPipelines(options, io);
  const problems = [...all.problems];
  for (const { loaded } of all.pipelines) problems.push(...(await problemsOf(loaded, options, io)));
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const warnings = problems.length - errors;
  const ok = errors === 0 && (options.strict !== true || warnings === 0);
  const { notes, several, pipelines } = all;
  const explained = options.explain === true ? explainedOf(all) : undefined;
  // First: a reader that has closed the pipe ends the process while the answer is printed.
  if (errors > 0) io.setExitCode(ExitCode.configuration);
  else if (!ok) io.setExitCode(ExitCode.checkFailed);
  if (options.output === 'json') {
    printJson(io, {
      ok,
      problems,
      ...(several ? { pipelines: pipelines.map(({ name, file }) => ({ name, file })) } : {}),
      ...(notes.length === 0 ? {} : { notes }),
      ...(explained === undefined ? {} : { explain: explained }),
    });
  } else {
    if (explained !== undefined) printExplained(explained, io);
    const file = configFile(options, io) ?? 'the configuration';
    const count = several ? ` (${pipelines.length} pipelines)` : '';
    printText({ problems, notes, errors, warnings, ok, file: `${file}${count}` }, options, io);
  }
}

/** What only the parts show that the configuration names. */
async function problemsOf(loaded: Loaded, options: ValidateOptions, io: CliIo): Promise<readonly Problem[]> {
  const { config } = loaded;
  if (config === undefined) return [];
  const parts = await withQuietModules(() => inspectParts(config, loaded));
  return options.types === true ? [...parts, ...(await typeProblems(config, loaded, io))] : parts;
}

function explainedOf({ pipelines }: LoadedPipelines): ReturnType<typeof explainBoth> | undefined {
  const [first] = pipelines;
  if (pipelines.length > 1)
    throw new DispatcherError('USAGE', `--explain is about one pipeline, and there are ${pipelines.length}`, {
      remedy: 'name it with --pipeline NAME',
    });
  return first?.loaded.config === undefined ? undefined : explainBoth(first.loaded.config, first.loaded);
}

async function typeProblems(
  config: ResolvedConfig,
  { details }: Loaded,
  { workingDirectory }: CliIo,
): Promise<readonly Problem[]> {
  const problems = new Problems();
  const { transform } = config.dispatcher;
  const origin = transform === undefined ? undefined : details.settings.origin('dispatcher.transform');
  await checkTypes({ transform, origin, workingDirectory }, problems);
  return problems.list();
}

/** Keeps stdout for the result, even if a module prints something while it is loaded. */
async function withQuietModules<Result>(look: () => Promise<Result>): Promise<Result> {
  const write = process.stdout.write;
  process.stdout.write = process.stderr.write.bind(process.stderr);
  try {
    return await look();
  } finally {
    process.stdout.write = write;
  }
}

interface Report {
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
  readonly errors: number;
  readonly warnings: number;
  /** With --strict warnings count as failures. */
  readonly ok: boolean;
  readonly file: string;
}

function printText(report: Report, options: GlobalOptions, io: CliIo): void {
  const color = colorsFor(io.stdout, io.env);
  const strictlyFailed = !report.ok && report.errors === 0;
  for (const problem of report.problems) {
    if (options.quiet === true && problem.severity === 'warning' && !strictlyFailed) continue;
    const paint = problem.severity === 'error' ? color.red : color.yellow;
    io.stdout.write(
      `${formatProblem(problem).replace(`${problem.severity}:`, `${paint(problem.severity)}:`)}\n`,
    );
  }
  if (options.quiet === true && report.ok) return;
  for (const { place, key, message } of report.notes)
    io.stdout.write(`${place}: ${color.dim('note')}: ${key}: ${message}\n`);
  const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
  const verdict = report.ok ? color.green('ok') : color.red('not ok');
  const why = strictlyFailed ? ' (with --strict warnings count as failures)' : '';
  io.stdout.write(
    `${report.file}: ${verdict}, ${count(report.errors, 'error')}, ` +
      `${count(report.warnings, 'warning')}${why}\n`,
  );
}
