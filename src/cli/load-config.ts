/** Loads the configuration from the options of a verb, and prints all its problems. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isJson, recordsOnly } from '../app/compose/logging.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Note } from '../config/keys/side.js';
import type { Loaded, LoadRequest, OptionValue } from '../config/load.js';
import { type LoadedPipelines, loadPipelines } from '../config/pipelines/load-pipelines.js';
import type { Share } from '../config/pipelines/shares.js';
import type { Purpose } from '../config/resolve/resolve-input.js';
import { formatProblem, type Problem, Problems } from '../config/text/problem.js';
import { DispatcherError } from '../core/errors.js';
import { type CliIo, colorsFor, type GlobalOptions, type KafkaOptions } from './io.js';
import { levelsFor } from './options.js';

const DEFAULT_FILE = 'kd.yml';

export interface LoadExtras {
  /** `connection`: no group, topics or output needed. Default `job`. */
  readonly purpose?: Purpose;
  readonly builtIn?: LoadRequest['builtIn'];
  /** Shares of pipelines that run, which they keep. */
  readonly granted?: ReadonlyMap<string, Share>;
  /** Standard error is the log of a run. */
  readonly isRun?: boolean;
}

/** Thrown by {@link loadConfig}; carries the problems for `-o json`. */
export class ConfigurationError extends DispatcherError {
  readonly problems: readonly Problem[];

  constructor(file: string | undefined, problems: readonly Problem[]) {
    const errors = problems.filter((problem) => problem.severity === 'error').length;
    super(
      'CONFIGURATION',
      `${file ?? 'the configuration'} has ${errors} ${errors === 1 ? 'error' : 'errors'}`,
      {
        remedy: 'fix the lines above; kd validate checks them again without a network',
      },
    );
    this.problems = problems;
  }
}

/**
 * Reads, checks and returns the configuration. Prints every problem on stderr; throws ConfigurationError when
 * one is an error.
 */
export async function loadConfig(
  options: GlobalOptions & KafkaOptions,
  io: CliIo,
  extras: LoadExtras = {},
): Promise<ResolvedConfig> {
  return (await loadConfigWithDetails(options, io, extras)).config;
}

export async function loadConfigWithDetails(
  options: GlobalOptions & KafkaOptions,
  io: CliIo,
  extras: LoadExtras = {},
): Promise<UsableConfig> {
  return onlyOne(await loadAllWithDetails(options, io, extras), options, io);
}

export type UsableConfig = Loaded & { readonly config: ResolvedConfig };

/** The same for every pipeline of the configuration, or the one that `--pipeline` names. */
export async function loadAllWithDetails(
  options: GlobalOptions & KafkaOptions,
  io: CliIo,
  extras: LoadExtras = {},
): Promise<LoadedPipelines & { readonly usable: readonly UsableConfig[] }> {
  const all = readPipelines(options, io, extras);
  const { problems, notes } = all;
  const usable = all.pipelines.flatMap(({ loaded }) =>
    loaded.config === undefined ? [] : [{ ...loaded, config: loaded.config }],
  );
  if (all.pipelines.some((one) => isRecords(one.loaded, extras, io)))
    recordsOnly(io.stderr, io.secrets?.redact);
  printProblems(problems, io, options.quiet === true);
  if (notes.length > 0 && options.quiet !== true) io.stderr.write(`${noteLine(notes)}\n`);
  const isFaulty = usable.length < all.pipelines.length || usable.length === 0;
  if (isFaulty) throw new ConfigurationError(configFile(options, io), problems);
  return Promise.resolve({ ...all, usable });
}

/** Also for a faulty configuration: whatever reads the log expects records. */
function isRecords({ details }: Loaded, { isRun = false }: LoadExtras, { stderr }: CliIo): boolean {
  const format = details.settings.get('logging.format');
  return format === 'json' || (isRun && isJson({ format, stream: stderr }));
}

/** For verbs about one pipeline. */
export function onlyOne(
  { usable, pipelines }: { readonly usable: readonly UsableConfig[] } & Pick<LoadedPipelines, 'pipelines'>,
  options: GlobalOptions,
  io: CliIo,
): UsableConfig {
  const [first] = usable;
  if (first !== undefined && usable.length === 1) return first;
  throw new DispatcherError(
    'USAGE',
    `${configFile(options, io) ?? 'the configuration'} has ${pipelines.length} pipelines`,
    { remedy: `name one of them with --pipeline: ${namesOf(pipelines)}` },
  );
}

const NAMES_MAX = 10;

function namesOf(pipelines: LoadedPipelines['pipelines']): string {
  const names = pipelines.map(({ name }) => name);
  return `${names.slice(0, NAMES_MAX).join(', ')}${names.length > NAMES_MAX ? ' …' : ''}`;
}

/** Without printing; for `validate` and for reloads. */
export function readPipelines(
  options: GlobalOptions & KafkaOptions,
  io: CliIo,
  extras: LoadExtras = {},
): LoadedPipelines {
  const problems = new Problems();
  const file =
    extras.builtIn === undefined || options.config !== undefined ? configFile(options, io) : undefined;
  if (
    file === undefined &&
    extras.builtIn === undefined &&
    options.bootstrapServers === undefined &&
    options.commandConfig === undefined
  ) {
    throw new DispatcherError('USAGE', `no configuration found: ${DEFAULT_FILE} does not exist here`, {
      remedy:
        extras.purpose === 'connection'
          ? 'name one with -c FILE or KD_CONFIG, or the brokers with -b host:port'
          : 'name one with -c FILE or KD_CONFIG',
    });
  }
  const request = {
    environment: io.env,
    workingDirectory: io.workingDirectory,
    ...(file === undefined ? {} : { file }),
    ...(extras.builtIn === undefined ? {} : { builtIn: extras.builtIn }),
    ...(extras.purpose === undefined ? {} : { purpose: extras.purpose }),
    ...(options.set === undefined ? {} : { set: options.set }),
    ...(options.commandConfig === undefined ? {} : { commandConfig: options.commandConfig }),
    options: optionValues(options, problems),
    ...(io.secrets === undefined ? {} : { obtained: io.secrets.remember }),
  };
  const all = picked(loadPipelines(request, extras.granted), options);
  io.secrets?.add(all.secrets);
  const own = problems.list();
  const finished = (loaded: Loaded): Loaded => {
    const { config } = loaded;
    if (own.length > 0) return { ...loaded, config: undefined, problems: [...own, ...loaded.problems] };
    if (config === undefined) return loaded;
    // -q and -v are applied here, so that they hold for every verb, also after a reload.
    const level = levelsFor(config.logging.level, options);
    return { ...loaded, config: { ...config, logging: { ...config.logging, level } } };
  };
  return {
    ...all,
    problems: [...own, ...all.problems],
    pipelines: all.pipelines.map((one) => ({ ...one, loaded: finished(one.loaded) })),
  };
}

/** The one that `--pipeline` names runs as if it were alone, with the share that it has beside the others. */
function picked(all: LoadedPipelines, { pipeline }: GlobalOptions): LoadedPipelines {
  if (pipeline === undefined) return all;
  const one = all.pipelines.find(({ name }) => name === pipeline);
  if (one !== undefined) return { ...all, several: false, pipelines: [one] };
  throw new DispatcherError('USAGE', `there is no pipeline ${pipeline}`, {
    remedy: `name one of ${namesOf(all.pipelines)}`,
  });
}

/** The configuration of the one pipeline, without printing: a run reads it again. */
export function readConfig(
  options: GlobalOptions & KafkaOptions,
  io: CliIo,
  extras: LoadExtras = {},
): Loaded {
  const { pipelines, problems } = readPipelines(options, io, extras);
  const [first] = pipelines;
  if (first !== undefined && pipelines.length === 1) return { ...first.loaded, problems };
  throw new DispatcherError('USAGE', `the configuration has ${pipelines.length} pipelines now, not one`, {
    remedy: 'stop this process, and start one for all of them',
  });
}

/** -c, else KD_CONFIG, else ./kd.yml when it exists. */
export function configFile(options: GlobalOptions, io: CliIo): string | undefined {
  if (options.config !== undefined) return options.config;
  const fromEnvironment = io.env['KD_CONFIG'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  return existsSync(resolve(io.workingDirectory, DEFAULT_FILE)) ? DEFAULT_FILE : undefined;
}

function optionValues(options: KafkaOptions, problems: Problems): readonly OptionValue[] {
  const values: OptionValue[] = [];
  if (options.bootstrapServers !== undefined) values.push(...bothClusters(options.bootstrapServers));
  for (const pair of options.property ?? []) {
    const equals = pair.indexOf('=');
    if (equals < 1)
      problems.error(
        { kind: 'option', option: '-X' },
        null,
        'is not of the form name=value',
        'write for example -X security.protocol=SSL',
      );
    else
      values.push({
        path: `kafka.properties.${pair.slice(0, equals).trim()}`,
        text: pair.slice(equals + 1),
        origin: { kind: 'option', option: '-X' },
      });
  }
  return values;
}

/** -b means exactly these brokers, even if the file has a cluster for each side. */
function bothClusters(servers: string): OptionValue[] {
  const origin = { kind: 'option', option: '-b' } as const;
  return [
    'kafka.bootstrap-servers',
    'kafka.consumer.bootstrap-servers',
    'kafka.producer.bootstrap-servers',
  ].map((path) => ({
    path,
    text: servers,
    origin,
  }));
}

/** One line for all: none of them is a problem. */
function noteLine(notes: readonly Note[]): string {
  const names = [...new Set(notes.map(({ key }) => key))];
  return `info: left out, or different from Java: ${names.join(', ')} (see kd validate for the reasons)`;
}

export function printProblems(problems: readonly Problem[], io: CliIo, quiet = false): void {
  const color = colorsFor(io.stderr, io.env);
  for (const problem of problems) {
    if (quiet && problem.severity === 'warning') continue;
    const paint = problem.severity === 'error' ? color.red : color.yellow;
    io.stderr.write(
      `${formatProblem(problem).replace(`${problem.severity}:`, `${paint(problem.severity)}:`)}\n`,
    );
  }
}
