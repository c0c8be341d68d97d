import { type Command, Option } from 'commander';
import { holdSignals } from '../../app/process-control.js';
import type { Loaded } from '../../config/load.js';
import { ExitCode } from '../../core/errors.js';
import { redactor } from '../../secrets/redact.js';
import type { CliIo, GlobalOptions } from '../io.js';
import { loadConfigWithDetails, readConfig } from '../load-config.js';

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
    .addHelpText('after', '\nExample:\n  kd run -c flights.yml --until end -o json\n')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { until: 'end' | 'forever' }>();
      const { config, secrets } = await loadConfigWithDetails(options, io);
      // Not before: a configuration may come from a pipe, for which the whole process waits, deaf to its own
      // handlers.
      holdSignals(io.stderr.isTTY === true, () => process.exit(ExitCode.cutShort));
      const known = new KnownSecrets(secrets);
      const loadAgain = (): Loaded => {
        const loaded = readConfig(options, io);
        known.add(loaded.secrets);
        return loaded;
      };
      // Loaded here, so that verbs which need no Kafka do not load its client.
      const { runOnTerminal } = await import('../run-on-terminal.js');
      await runOnTerminal(
        { config, until: options.until, options, loadAgain, redact: (text) => known.redact(text) },
        io,
      );
    });
}

/** Secrets change while a job runs; older ones may still be quoted for a while. */
class KnownSecrets {
  private static readonly GENERATIONS_MAX = 5;
  private readonly generations: (readonly string[])[];
  redact: (text: string) => string;

  constructor(secrets: readonly string[]) {
    this.generations = [secrets];
    this.redact = redactor(secrets);
  }

  add(secrets: readonly string[]): void {
    if (
      this.generations.some(
        (known) =>
          known.length === secrets.length && known.every((secret, index) => secret === secrets[index]),
      )
    )
      return;
    this.generations.push(secrets);
    if (this.generations.length > KnownSecrets.GENERATIONS_MAX) this.generations.shift();
    this.redact = redactor(this.generations.flat());
  }
}
