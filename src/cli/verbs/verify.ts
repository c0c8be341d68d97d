/** `kd verify`: reads both sides of receipts again; agrees, or names the first difference. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { onStopSignals } from '../../app/process-control.js';
import { verify } from '../../app/receipts/verify/verify.js';
import { DispatcherError, ExitCode } from '../../core/errors.js';
import { type CliIo, type GlobalOptions, type KafkaOptions, printJson } from '../io.js';
import { loadConfig } from '../load-config.js';
import { createCliLogger } from '../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../options.js';
import { count } from '../terminal/numbers.js';
import { verifyText } from '../terminal/verify-report.js';

interface VerifyOptions extends GlobalOptions, KafkaOptions {
  readonly readAs?: ReadonlyMap<string, string>;
  readonly allowOthers?: boolean;
}

const LOG_FLUSH_MS = 1_000;
const PROGRESS_INTERVAL_MS = 5_000;
const TOPICS_MAX = 1_000;

export function register(program: Command, io: CliIo): void {
  const command = addKafkaOptions(
    program
      .command('verify')
      .description('read both sides of receipts (kd run --receipt) again, and compare')
      .argument('<file...>', 'receipts: of all instances and all tries of a job')
      .addOption(
        new Option(
          '--read-as <topic=copy>',
          'read a copy or a mirror instead of a topic; may be repeated',
        ).argParser(collectTopics),
      )
      .addOption(
        new Option(
          '--allow-others',
          'count records that others wrote to the output topics, without a complaint',
        ),
      ),
  ).action((files: readonly string[], _options: unknown, self: Command) => run(files, optionsOf(self), io));
  addExample(command, 'kd verify receipt.jsonl', 'kd verify instance-1.jsonl instance-2.jsonl -o json');
}

async function run(files: readonly string[], options: VerifyOptions, io: CliIo): Promise<void> {
  const config = await loadConfig(options, io, { purpose: 'connection' });
  const logger = createCliLogger({ ...config.logging, level: { root: 'warn' } }, options, io);
  const stop = new AbortController();
  const removeSignals = onStopSignals(() =>
    stop.abort(new DispatcherError('STOPPED_BEFORE_END', 'stopped before all was compared')),
  );
  const progress = options.quiet === true ? () => undefined : progressTo(io);
  try {
    const result = await verify({
      config,
      logger,
      signal: stop.signal,
      files,
      readAs: options.readAs ?? new Map(),
      allowOthers: options.allowOthers === true,
      progress,
    });
    if (!result.agrees) io.setExitCode(ExitCode.checkFailed);
    if (options.output === 'json') printJson(io, result);
    else io.stdout.write(verifyText(result, io.stdout.columns));
  } finally {
    removeSignals();
    await logger.close(LOG_FLUSH_MS);
  }
}

function progressTo(io: CliIo): (read: number, of: number) => void {
  let nextMs = performance.now() + PROGRESS_INTERVAL_MS;
  return (read, of) => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + PROGRESS_INTERVAL_MS;
    io.stderr.write(`verify: ${count(read)} of about ${count(of)} records\n`);
  };
}

function collectTopics(
  text: string,
  previous: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const [topic = '', copy = '', more] = text.split('=');
  if (topic === '' || copy === '' || more !== undefined || previous.size >= TOPICS_MAX)
    throw new InvalidArgumentError('write TOPIC=COPY, such as orders=orders-copy.');
  return new Map(previous).set(topic, copy);
}
