import { type Command, InvalidArgumentError, Option } from 'commander';
import { holdSignals } from '../../app/process-control.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Loaded } from '../../config/load.js';
import { parseRate } from '../../config/text/units.js';
import { ExitCode } from '../../core/errors.js';
import type { CliIo, GlobalOptions } from '../io.js';
import { loadAllWithDetails, onlyOne, readConfig } from '../load-config.js';
import { collect } from '../options.js';
import { addRangeOptions, checkRangeOptions, type RangeOptions } from '../run-options.js';

interface RunOptions extends GlobalOptions, RangeOptions {
  readonly rate?: string;
  readonly progressFile?: string;
  readonly receipt?: string;
  readonly throttleLag?: readonly string[];
}

/** `kd run`: the main job. */
export function register(program: Command, io: CliIo): void {
  addRangeOptions(program.command('run').description('consume, transform, produce; commit what is settled'))
    .addOption(
      new Option(
        '--rate <rate>',
        'maximum speed, such as 50000/s (records) or 20MB/s: dispatcher.rate',
      ).argParser(readRate),
    )
    .addOption(
      new Option(
        '--progress-file <file>',
        'append events to it: started, progress every 10 s, finished (JSON lines)',
      ),
    )
    .addOption(
      new Option(
        '--receipt <file>',
        'write down what is read and what is acknowledged, so that kd verify can check both; an existing ' +
          'receipt is continued',
      ),
    )
    .addOption(
      new Option(
        '--throttle-lag <group:records>',
        'read more slowly when this group comes near that lag, such as live:10000; may be repeated',
      ).argParser(collect),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  kd run -c flights.yml --until end -o json\n  kd run --until 2026-11-28T08:00Z\n' +
        '  kd run --from 2026-11-27 --until 2026-11-28 --job yesterday\n',
    )
    .action(async (_options: unknown, command: Command) => {
      const given = command.optsWithGlobals<RunOptions>();
      checkRangeOptions(given);
      const { rate, throttleLag, set = [] } = given;
      const paceSet = [
        ...(rate === undefined ? [] : [`dispatcher.rate=${rate}`]),
        ...(throttleLag === undefined ? [] : [`dispatcher.throttle-lag=${throttleLag.join(',')}`]),
      ];
      const options = { ...given, set: [...set, ...paceSet] };
      const all = await loadAllWithDetails(options, io, { isRun: options.plan !== true });
      if (options.plan === true) {
        const { printPlan } = await import('../run-plan.js');
        await printPlan(onlyOne(all, options, io).config, options, io);
        return;
      }
      const one = all.several && !isAboutOne(options) ? undefined : onlyOne(all, options, io);
      // Not earlier: a configuration may come from a pipe, and reading it blocks the process, including its
      // signal handlers.
      holdSignals(io.stderr.isTTY === true, () => process.exit(ExitCode.cutShort));
      if (one === undefined) {
        const { runAllOnTerminal } = await import('../pipelines/run-all.js');
        await runAllOnTerminal(all, isForever(options) ? 'forever' : 'end', options, io);
        return;
      }
      const loadAgain = (): Loaded => readConfig(options, io);
      await start(one, options, loadAgain, io);
    });
}

/** Jobs, ends other than the present one and receipts are those of one pipeline. */
function isAboutOne({ job, until, receipt }: RunOptions): boolean {
  const hasOwnEnd = until !== undefined && until !== 'forever' && until.position.kind !== 'end';
  return job !== undefined || hasOwnEnd || receipt !== undefined;
}

function isForever({ until }: RunOptions): boolean {
  return until === undefined || until === 'forever';
}

/** Here as well: a message about the configuration would not name the option. */
function readRate(text: string): string {
  const parsed = parseRate(text);
  if (!parsed.ok) throw new InvalidArgumentError(`it ${parsed.reason}; ${parsed.remedy}.`);
  return text;
}

/** Code that needs Kafka's client is loaded here, so that other verbs do not load it. */
async function start(
  loaded: Pick<Loaded, 'details'> & { readonly config: ResolvedConfig },
  options: RunOptions,
  loadAgain: () => Loaded,
  io: CliIo,
): Promise<void> {
  const {
    job,
    from,
    until,
    partitions,
    again = false,
    acceptChange = false,
    progressFile,
    receipt,
  } = options;
  const events = progressFile === undefined ? {} : { progressFile };
  const { config } = loaded;
  const run = { config, loaded, options, loadAgain, receipt, ...events };
  if (job !== undefined && until !== 'forever') {
    const { runJobOnTerminal } = await import('../run-job.js');
    const request = { name: job, from, until, partitions, again, acceptChange };
    await runJobOnTerminal({ ...run, request }, io);
    return;
  }
  const { runOnTerminal } = await import('../run-on-terminal.js');
  if (until === undefined || until === 'forever' || until.position.kind === 'end') {
    await runOnTerminal({ ...run, until: isForever(options) ? 'forever' : 'end' }, io);
    return;
  }
  const { boundsUntil } = await import('../run-bounds.js');
  const bounds = await boundsUntil(until.position, config, options, io);
  await runOnTerminal({ ...run, until: 'end', bounds }, io);
}
