import { type Command, Option } from 'commander';
import { holdSignals } from '../../app/process-control.js';
import type { Loaded } from '../../config/load.js';
import { ExitCode } from '../../core/errors.js';
import type { CliIo, GlobalOptions } from '../io.js';
import { loadConfigWithDetails, readConfig } from '../load-config.js';

interface RunOptions extends GlobalOptions {
  readonly until: 'end' | 'forever';
  readonly rate?: string;
  readonly progressFile?: string;
  readonly receipt?: string;
}

/** `kd run`: the main job. */
export function register(program: Command, io: CliIo): void {
  program
    .command('run')
    .description('consume, transform, produce; commit what is settled')
    .addOption(
      new Option('--until <when>', 'stop at the end seen at the start, or never')
        .choices(['end', 'forever'])
        .default('forever'),
    )
    .addOption(
      new Option('--rate <rate>', 'maximum speed, such as 50000/s (records) or 20MB/s: dispatcher.rate'),
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
    .addHelpText('after', '\nExample:\n  kd run -c flights.yml --until end -o json\n')
    .action(async (_options: unknown, command: Command) => {
      const given = command.optsWithGlobals<RunOptions>();
      const { rate, progressFile, set = [] } = given;
      const options = rate === undefined ? given : { ...given, set: [...set, `dispatcher.rate=${rate}`] };
      const { config } = await loadConfigWithDetails(options, io);
      // Not earlier: a configuration may come from a pipe, and reading it blocks the process, including its
      // signal handlers.
      holdSignals(io.stderr.isTTY === true, () => process.exit(ExitCode.cutShort));
      const loadAgain = (): Loaded => readConfig(options, io);
      // Loaded here, so that verbs without Kafka do not load its client.
      const { runOnTerminal } = await import('../run-on-terminal.js');
      const events = progressFile === undefined ? {} : { progressFile };
      const { until, receipt } = given;
      await runOnTerminal({ config, until, receipt, options, loadAgain, ...events }, io);
    });
}
