/** `kd top`: a running job, live in the terminal. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../../config/text/units.js';
import type { CliIo, GlobalOptions } from '../../io.js';
import { addExample, optionsOf } from '../../options.js';
import { watch } from '../../top/watch.js';
import { addUrlOption, jobOf, type UrlOptions } from './which-job.js';

interface TopOptions extends UrlOptions {
  readonly interval: number;
  readonly frames?: number;
}

const INTERVAL_MS = 1_000;
const INTERVAL_MIN_MS = 200;
const INTERVAL_MAX_MS = 3_600_000;

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('top')
    .description(
      'watch a running job: rates, lag of each partition, latency, workers, memory, stalls, dead letters; ' +
        'without a terminal it prints one picture after another',
    )
    .addOption(
      new Option('--interval <duration>', 'how often it looks, 200ms or more')
        .argParser(readInterval)
        .default(INTERVAL_MS, '1s'),
    )
    .addOption(new Option('--frames <n>', 'end after this many pictures').argParser(readFrames))
    .action((_options: unknown, self: Command) => top(optionsOf<TopOptions>(self), io));
  addExample(
    addUrlOption(command),
    'kd top',
    'kd top --url http://10.0.0.7:8080 --interval 5s',
    'kd top --frames 2 | cat',
  );
}

async function top(options: GlobalOptions & TopOptions, io: CliIo): Promise<void> {
  const address = await jobOf(options, io);
  const { interval: intervalMs, frames } = options;
  await watch({ address, intervalMs, frames, json: options.output === 'json' }, io);
}

function readInterval(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new InvalidArgumentError(`${parsed.reason}: ${parsed.remedy}.`);
  if (parsed.value < INTERVAL_MIN_MS || parsed.value > INTERVAL_MAX_MS)
    throw new InvalidArgumentError('write a duration from 200ms to 1h.');
  return parsed.value;
}

function readFrames(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('write a whole number, 1 or more.');
  return Number(text);
}
