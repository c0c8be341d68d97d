/** `kd why TOPIC PARTITION OFFSET`: what became of a record. Exit 0: it can be said, 6: it can't. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { onStopSignals } from '../../../app/process-control.js';
import { addressOf, type JobAddress } from '../../../app/running/job-address.js';
import type { WhyAnswer } from '../../../app/why/answer.js';
import { explainRecord } from '../../../app/why/explain.js';
import { isTopicName, wholeNumber } from '../../../app/why/running-answer.js';
import { Budget } from '../../../app/why/scan.js';
import type { ResolvedConfig } from '../../../config/keys/resolved.js';
import { parseDuration } from '../../../config/text/units.js';
import { ExitCode } from '../../../core/errors.js';
import { topicMatcher } from '../../../core/topic-selection.js';
import { type CliIo, colorsFor, type GlobalOptions, printJson } from '../../io.js';
import { loadAllWithDetails, onlyOne } from '../../load-config.js';
import { createCliLogger } from '../../log.js';
import { addExample, addKafkaOptions, optionsOf } from '../../options.js';
import { ScanProgress } from '../../terminal/running/scan-progress.js';
import { whyText } from '../../terminal/running/why-text.js';
import { addUrlOption, type UrlOptions } from './which-job.js';

interface WhyOptions extends UrlOptions {
  readonly group?: string;
  readonly receipt?: string;
  readonly max: number;
  readonly time: number;
}

const RECORDS_MAX = 1_000_000;
const TIME_MAX_MS = 60_000;
const LOG_FLUSH_MS = 1_000;
const PARTITION_MAX = 0x7fffffff;

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('why')
    .description(
      'say what became of a record: where its results or its dead letter are, what it waits for, or why ' +
        'it is not read; asks the running job and the topics, without a group, and writes nothing',
    )
    .argument('<topic>', 'the input topic', readTopic)
    .argument('<partition>', 'its partition', readPartition)
    .argument('<offset>', 'the offset of the record', readOffset)
    .addOption(new Option('--group <name>', 'the group (default: that of the job)'))
    .addOption(new Option('--receipt <file>', 'a receipt of the run that read it (kd run --receipt)'))
    .addOption(
      new Option('--max <n>', 'records to search at most')
        .argParser(readCount)
        .default(RECORDS_MAX, '1000000'),
    )
    .addOption(
      new Option('--time <duration>', 'how long to search at most')
        .argParser(readTime)
        .default(TIME_MAX_MS, '60s'),
    )
    .action((...[topic, partition, offset, , self]: Arguments) =>
      why({ topic, partition, offset }, optionsOf<WhyOptions>(self), io),
    );
  addExample(
    addUrlOption(addKafkaOptions(command)),
    'kd why orders 3 1200',
    'kd why orders 3 1200 --receipt orders.receipt.jsonl -o json',
    'kd why orders 3 1200 --url http://10.0.0.7:8080',
  );
}

/** Those of the command line, its options, and the command. */
type Arguments = [topic: string, partition: number, offset: number, options: unknown, self: Command];

type Place = Parameters<typeof explainRecord>[0]['place'];

async function why(place: Place, options: GlobalOptions & WhyOptions, io: CliIo): Promise<void> {
  const { config, pipeline } = await configReading(place.topic, options, io);
  const logger = createCliLogger({ ...config.logging, level: { root: 'error' } }, options, io);
  const stop = new AbortController();
  const removeSignals = onStopSignals(() => stop.abort());
  const progress = new ScanProgress(io.stderr, options.quiet !== true);
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(options.time)]);
  const budget = new Budget(options.max, signal, (records, topic) => progress.at(records, topic));
  const { group, receipt } = options;
  try {
    const job = jobIn(config, { ...options, pipeline });
    const answer = await explainRecord({ config, logger, place, group, job, receipt, budget });
    progress.clear();
    print(answer, options, io);
    if (UNKNOWN.has(answer.state)) io.setExitCode(ExitCode.checkFailed);
  } finally {
    progress.clear();
    removeSignals();
    await logger.close(LOG_FLUSH_MS);
  }
}

/** That of the one pipeline, or of the one that reads the topic. */
async function configReading(
  topic: string,
  options: GlobalOptions & WhyOptions,
  io: CliIo,
): Promise<{ readonly config: ResolvedConfig; readonly pipeline: string | undefined }> {
  const all = await loadAllWithDetails(options, io, { purpose: 'connection' });
  const reading = all.usable.filter(({ config }) => topicMatcher(config.consumer.topics)(topic));
  const [first] = reading;
  const { config } = first !== undefined && reading.length === 1 ? first : onlyOne(all, options, io);
  const isOneOfSeveral = all.several || options.pipeline !== undefined;
  return { config, pipeline: isOneOfSeveral ? config.name : undefined };
}

const UNKNOWN: ReadonlySet<WhyAnswer['state']> = new Set(['unknown', 'no-topic']);

/** Undefined: the configuration has no port, or a free one: then the topics alone are asked. */
function jobIn(
  { server }: ResolvedConfig,
  { url, pipeline }: { readonly url?: string; readonly pipeline: string | undefined },
): JobAddress | undefined {
  if (url === undefined && (server === undefined || server.port === 0)) return undefined;
  return { ...addressOf(server, url), ...(pipeline === undefined ? {} : { pipeline }) };
}

function print(answer: WhyAnswer, options: GlobalOptions, io: CliIo): void {
  const redact = io.secrets?.redact ?? ((text: string) => text);
  // A dead letter's message is text from elsewhere.
  const letter = answer.deadLetter;
  const shown: WhyAnswer = {
    ...answer,
    sentences: answer.sentences.map(redact),
    deadLetter: letter === null ? null : { ...letter, message: redact(letter.message) },
    job: answer.job === null ? null : { ...answer.job, answer: redact(answer.job.answer) },
  };
  if (options.output === 'json') printJson(io, shown);
  else io.stdout.write(whyText(shown, colorsFor(io.stdout, io.env), io.stdout.columns));
}

function readTopic(text: string): string {
  if (!isTopicName(text)) throw new InvalidArgumentError('write the name of a topic.');
  return text;
}

function readPartition(text: string): number {
  const partition = wholeNumber(text, PARTITION_MAX);
  if (partition === undefined) throw new InvalidArgumentError('write the number of a partition, from 0.');
  return partition;
}

function readOffset(text: string): number {
  const offset = wholeNumber(text, Number.MAX_SAFE_INTEGER);
  if (offset === undefined) throw new InvalidArgumentError('write a whole number, from 0.');
  return offset;
}

function readCount(text: string): number {
  const records = wholeNumber(text, Number.MAX_SAFE_INTEGER);
  if (records === undefined || records === 0)
    throw new InvalidArgumentError('write a whole number, 1 or more.');
  return records;
}

function readTime(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new InvalidArgumentError(`${parsed.reason}: ${parsed.remedy}.`);
  if (parsed.value < 1_000 || parsed.value > 86_400_000)
    throw new InvalidArgumentError('write a duration from 1s to 1d.');
  return parsed.value;
}
