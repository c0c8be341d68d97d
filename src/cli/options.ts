/** Options that several verbs share, declared once. */
import { type Command, Option } from 'commander';
import { type LogLevels, quieter } from '../core/log/areas.js';
import type { GlobalOptions, KafkaOptions } from './io.js';

/** Assignments and properties from a repeated option. */
const REPEATS_MAX = 1_000;

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  if (previous.length >= REPEATS_MAX)
    throw new RangeError(`an option is repeated more than ${REPEATS_MAX} times`);
  return [...previous, value];
}

export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option(
        '-c, --config <file>',
        'the configuration, or a directory of them (default: $KD_CONFIG, else ./kd.yml)',
      ),
    )
    .addOption(new Option('--pipeline <name>', 'only this one of several pipelines'))
    .addOption(
      new Option('--set <key=value>', 'set one key, above file and environment; may be repeated').argParser(
        collect,
      ),
    )
    .addOption(
      new Option('-o, --output <format>', 'how results are printed; jsonl: the events of run and demo')
        .choices(['text', 'json', 'jsonl'])
        .default('text'),
    )
    .addOption(new Option('-q, --quiet', 'no progress, and no log below warnings'))
    .addOption(new Option('-v, --verbose', 'log at debug level'));
}

/** For verbs that only talk to Kafka: they also work without a configuration. */
export function addKafkaOptions(command: Command): Command {
  return command
    .addOption(new Option('-b, --bootstrap-servers <servers>', 'brokers, host:port, comma-separated'))
    .addOption(
      new Option(
        '-X, --property <name=value>',
        'a property, by its librdkafka or Java name; may be repeated',
      ).argParser(collect),
    )
    .addOption(new Option('--command-config <file>', "a client.properties file, as for Kafka's tools"));
}

/** The options of a verb together with those given before it. */
export function optionsOf<Own = unknown>(command: Command): GlobalOptions & KafkaOptions & Own {
  return command.optsWithGlobals();
}

/** `-v` wins over the configured levels; `-q` keeps warnings and errors, or fewer if configured. */
export function levelsFor(configured: LogLevels, options: GlobalOptions): LogLevels {
  if (options.verbose === true) return { root: 'debug' };
  return options.quiet === true ? quieter(configured, 'warn') : configured;
}

/** Appends an example to the help of a verb. */
export function addExample(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}
