import { type Command, Option } from 'commander';
import { redactor } from '../logging/redact.js';
import type { CliIo, GlobalOptions } from './io.js';
import { loadConfigWithDetails } from './load-config.js';

/** `kd run`: the main job. */
export function register(program: Command, io: CliIo): void {
  program
    .command('run')
    .description('consume, transform, produce; commit what is settled')
    .addOption(new Option('--until <when>', 'stop at the end seen at the start, or never').choices(['end', 'forever']).default('forever'))
    .addHelpText('after', '\nExample:\n  kd run -c flights.yml --until end -o json\n')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { until: 'end' | 'forever' }>();
      const { config, secrets } = await loadConfigWithDetails(options, io);
      // Loaded here, so that verbs which need no Kafka do not load its client.
      const { runJob } = await import('./run-job.js');
      await runJob({ config, until: options.until, options, redact: redactor(secrets) }, io);
    });
}
