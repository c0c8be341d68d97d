/** The whole command line: verbs, options, and how errors become messages and exit codes. */
import { Command, CommanderError } from 'commander';
import { recordsOnly } from '../app/compose/logging.js';
import { DispatcherError, ExitCode } from '../core/errors.js';
import { visibleLines } from '../core/visible.js';
import { Secrets } from '../secrets/secrets.js';
import { version } from '../version.js';
import { type CliIo, colorsFor, type GlobalOptions, printJson } from './io.js';
import { ConfigurationError } from './load-config.js';
import { addExample, addGlobalOptions } from './options.js';

/** Every verb is a module with one of these. */
export type Register = (program: Command, io: CliIo) => void;

/** The verbs in the order of the help. Each is loaded only when it is needed, so that a run starts fast. */
const VERBS: Readonly<Record<string, () => Promise<{ readonly register: Register }>>> = {
  run: () => import('./verbs/run.js'),
  demo: () => import('./verbs/demo.js'),
  validate: () => import('./verbs/validate.js'),
  config: () => import('./verbs/config.js'),
  doctor: () => import('./verbs/doctor.js'),
  topics: () => import('./verbs/topics.js'),
  truststore: () => import('./verbs/truststore.js'),
  produce: () => import('./verbs/produce.js'),
  consume: () => import('./verbs/consume.js'),
  group: () => import('./verbs/group.js'),
  verify: () => import('./verbs/verify.js'),
  status: () => import('./verbs/running/status.js'),
  top: () => import('./verbs/running/top.js'),
  why: () => import('./verbs/running/why.js'),
  completion: () => import('./verbs/completion.js'),
};
/** These need the options of every verb. */
const ABOUT_ALL = new Set(['help', 'completion']);

/** The verbs that a command line may mean: those it names, else all (help, a misspelled verb). */
export async function verbsFor(argv: readonly string[]): Promise<readonly Register[]> {
  const named = argv.some((word) => ABOUT_ALL.has(word))
    ? []
    : Object.keys(VERBS).filter((verb) => argv.includes(verb));
  const wanted = named.length > 0 ? named : Object.keys(VERBS);
  const loads = Object.entries(VERBS).flatMap(([verb, load]) => (wanted.includes(verb) ? [load()] : []));
  return (await Promise.all(loads)).map(({ register }) => register);
}

export function createProgram(io: CliIo, verbs: readonly Register[]): Command {
  const program = new Command('kd');
  program
    .description(
      'Kafka-Dispatcher: records from Kafka through your function on ' +
        'a pool of threads, back to Kafka in order',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [verb]', 'show help for a verb')
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    });
  addGlobalOptions(program);
  addExample(program, 'kd demo', 'kd validate -c kd.yml', 'kd run -c kd.yml --until end');
  program.hook('preAction', (_program, command) => refuseEvents(command));
  for (const register of verbs) register(program, io);
  return program;
}

const VERBS_WITH_EVENTS: readonly string[] = ['run', 'demo'];

function refuseEvents(command: Command): void {
  const { output } = command.optsWithGlobals<GlobalOptions>();
  if (output !== 'jsonl' || VERBS_WITH_EVENTS.includes(command.name())) return;
  throw new DispatcherError('USAGE', `-o jsonl prints the events of a run, and ${command.name()} has none`, {
    remedy: 'use -o json; jsonl is for kd run and kd demo',
  });
}

/** Runs one command line; never rejects. The exit code is set through `io`. */
export async function runCli(argv: readonly string[], io: CliIo, verbs?: readonly Register[]): Promise<void> {
  const wired: CliIo = { ...io, secrets: io.secrets ?? new Secrets() };
  if (wantsRecords(argv, io.env)) recordsOnly(io.stderr, wired.secrets?.redact);
  try {
    await createProgram(wired, verbs ?? (await verbsFor(argv))).parseAsync(
      argv.length === 0 ? ['--help'] : [...argv],
      { from: 'user' },
    );
  } catch (error) {
    report(error, argv, wired);
  }
}

/** commander has printed these itself. */
const SHOWN_BY_COMMANDER = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

function report(error: unknown, argv: readonly string[], io: CliIo): void {
  if (error instanceof CommanderError) {
    if (SHOWN_BY_COMMANDER.has(error.code) && error.exitCode === 0) return;
    io.setExitCode(ExitCode.configuration);
    // Its text begins with "error: ", and is on stderr already.
    const message = error.message.replace(/^error: /, '');
    printError(argv, io, { code: 'USAGE', message, remedy: 'see kd --help' }, ExitCode.configuration);
    return;
  }
  const known =
    error instanceof DispatcherError
      ? error
      : new DispatcherError(
          'DEFECT',
          `internal error, a bug in kd: ${error instanceof Error ? error.message : String(error)}`,
          {
            remedy: 'please report it with the lines above',
            cause: error,
          },
        );
  io.setExitCode(known.exitCode);
  const { redact } = io.secrets ?? new Secrets();
  const shown = (text: string): string => visibleLines(redact(text));
  const color = colorsFor(io.stderr, io.env);
  if (known.code === 'DEFECT' && known.cause instanceof Error)
    io.stderr.write(`${shown(known.cause.stack ?? '')}\n`);
  const remedy = known.remedy === undefined ? '' : `    → ${shown(known.remedy)}\n`;
  io.stderr.write(`${color.red('error')}: ${shown(known.message)}\n${remedy}`);
  const said = {
    code: known.code,
    message: redact(known.message),
    remedy: known.remedy === undefined ? null : redact(known.remedy),
    ...(known instanceof ConfigurationError ? { problems: known.problems } : {}),
  };
  printError(argv, io, said, known.exitCode);
}

/** For machines: one document, or the last event of a run that did not begin. */
function printError(argv: readonly string[], io: CliIo, error: object, exitCode: ExitCode): void {
  if (wantsOutput('json', argv)) printJson(io, { error });
  if (!wantsOutput('jsonl', argv)) return;
  io.stdout.write(
    `${JSON.stringify({ event: 'finished', at: new Date().toISOString(), exitCode, error })}\n`,
  );
}

/** Errors before the configuration is read are records, too, where its format is known. */
function wantsRecords(argv: readonly string[], env: CliIo['env']): boolean {
  return (
    argv.some((word) => /^(--set=)?logging\.format=json$/.test(word)) || env['KD_LOGGING_FORMAT'] === 'json'
  );
}

/** Looks at the raw arguments: commander may have failed before it parsed them. */
function wantsOutput(format: 'json' | 'jsonl', argv: readonly string[]): boolean {
  return argv.some(
    (word, index) =>
      word === `-o${format}` ||
      word === `--output=${format}` ||
      (word === format && ['-o', '--output'].includes(argv[index - 1] ?? '')),
  );
}
