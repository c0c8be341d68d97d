/** `kd doctor`: checks network, brokers and this machine for reasons why a job would not run. */
import type { Command } from 'commander';
import { DoctorWalk } from '../../app/doctor/walk.js';
import { type Check, hasFailed } from '../../checks/check.js';
import { createTopicsCommand } from '../../checks/create-command.js';
import { ExitCode } from '../../core/errors.js';
import type { Logger } from '../../ports/logger.js';
import { lineOf } from '../config-lines.js';
import type { CliIo, GlobalOptions, KafkaOptions } from '../io.js';
import { configFile, type UsableConfig } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../options.js';
import { eachPipeline, type PrintDocument } from '../pipelines/each-pipeline.js';
import { countedStatuses, printChecks } from '../terminal/check-report.js';

const LOG_FLUSH_MS = 1_000;
const AREAS = [
  'dns',
  'tcp',
  'tls',
  'kafka',
  'authentication',
  'metadata',
  'topics',
  'rights',
  'group',
  'clock',
  'local',
];

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('doctor')
    .description(
      'check network, brokers and this machine for what a job needs: DNS, TLS, login, topics, rights, ' +
        'limits; exit 6 on failure',
    )
    .action(async (_options: unknown, self: Command) => examine(optionsOf(self), io));
  addExample(
    addKafkaOptions(command),
    'kd doctor -c kd.yml',
    'kd doctor -b b-1.example:9094 -X security.protocol=SSL',
    'kd doctor -c kd.yml -o json',
  );
}

async function examine(options: GlobalOptions & KafkaOptions, io: CliIo): Promise<void> {
  const job = configFile(options, io) !== undefined;
  await eachPipeline(options, io, job ? {} : { purpose: 'connection' }, (loaded, print) =>
    examineOne({ loaded, job, options, print }, io),
  );
}

interface Examination {
  readonly loaded: UsableConfig;
  /** There is a configuration, not only brokers. */
  readonly job: boolean;
  readonly options: GlobalOptions;
  readonly print: PrintDocument;
}

async function examineOne({ loaded, job, options, print }: Examination, io: CliIo): Promise<void> {
  const { config } = loaded;
  // The report itself explains the failures that clients log while they connect.
  const logger = options.verbose === true ? createCliLogger(config.logging, options, io) : undefined;
  const redact = io.secrets?.redact ?? ((text: string) => text);
  const walk = new DoctorWalk({
    config,
    line: lineOf(loaded),
    createCommand: createTopicsCommand(config.file, io.workingDirectory),
    logger: logger ?? SILENT,
    job,
  });
  const checks = (await walk.run())
    .map((check) => redacted(check, redact))
    .sort((a, b) => AREAS.indexOf(a.area) - AREAS.indexOf(b.area));
  await logger?.close(LOG_FLUSH_MS);
  const ok = !hasFailed(checks);
  if (!ok) io.setExitCode(ExitCode.checkFailed);
  if (options.output === 'json') {
    print({ ok, checks });
  } else {
    printChecks(checks, io);
    io.stdout.write(`${countedStatuses(checks)}\n`);
  }
}

function redacted(check: Check, redact: (text: string) => string): Check {
  return {
    ...check,
    message: redact(check.message),
    remedy: check.remedy === null ? null : redact(check.remedy),
  };
}

const nothing = (): void => undefined;
const SILENT: Logger = { error: nothing, warn: nothing, info: nothing, debug: nothing };
