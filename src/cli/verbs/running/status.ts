/** `kd status`: what a running job says of itself, once. Exit 0: ready, 6: not ready, 3: no job answers. */
import type { Command } from 'commander';
import { askStatus } from '../../../app/running/job-status.js';
import { ExitCode } from '../../../core/errors.js';
import { type CliIo, colorsFor, type GlobalOptions, printJson } from '../../io.js';
import { addExample, optionsOf } from '../../options.js';
import { statusText } from '../../terminal/running/status-text.js';
import { addUrlOption, jobOf, type UrlOptions } from './which-job.js';

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('status')
    .description(
      'show what a running job says of itself; exit 0: ready, 6: not ready or stalled, 3: no job answers',
    )
    .action((_options: unknown, self: Command) => status(optionsOf<UrlOptions>(self), io));
  addExample(
    addUrlOption(command),
    'kd status',
    'kd status --url http://10.0.0.7:8080 -o json',
    'kd status -c kd.yml -q || systemctl restart flights',
  );
}

async function status(options: GlobalOptions & UrlOptions, io: CliIo): Promise<void> {
  const { body, pipelines } = await askStatus(await jobOf(options, io));
  if (options.output === 'json') printJson(io, body);
  else if (options.quiet !== true) {
    const paint = colorsFor(io.stdout, io.env);
    io.stdout.write(statusText(pipelines, { width: io.stdout.columns, nowMs: Date.now(), paint }));
  }
  if (pipelines.length === 0 || pipelines.some(({ ready }) => !ready)) io.setExitCode(ExitCode.checkFailed);
}
