/** The options of `kd run` that say what it reads, and which of them go together. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { FROM_DEFAULT } from '../app/jobs/request.js';
import { DispatcherError } from '../core/errors.js';
import { jobNameFault } from '../core/jobs/job-name.js';
import { endsBeforeBeginning } from '../core/positions/order.js';
import type { TypedPosition } from '../core/positions/position.js';
import { readPartitions } from './partitions-option.js';
import { readTypedEnd, readTypedPosition } from './position-option.js';

export interface RangeOptions {
  readonly from?: TypedPosition;
  readonly until?: TypedPosition | 'forever';
  readonly job?: string;
  readonly partitions?: { readonly text: string; readonly numbers: ReadonlySet<number> };
  readonly again?: boolean;
  readonly acceptChange?: boolean;
  readonly plan?: boolean;
}

export function addRangeOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--until <position>',
        'where to stop: end (as seen at the start), -2h, 2026-11-28, an offset, +N (from where it begins), ' +
          '-N (before the end), committed, or @offsets.json; or forever (default without --job)',
      ).argParser(readTypedEnd),
    )
    .addOption(
      new Option(
        '--from <position>',
        'with --job: where to begin: earliest (default), -2h, 2026-11-27, an offset, +N, -N, latest, ' +
          'committed (where kafka.consumer.group-id is), or @offsets.json',
      ).argParser(readTypedPosition),
    )
    .addOption(
      new Option(
        '--job <name>',
        'a bounded job with a group of its own: its positions are found once, every instance works to the ' +
          'same ends, and the same command resumes it on any machine',
      ).argParser(readJobName),
    )
    .addOption(
      new Option('--partitions <numbers>', 'with --job: these partitions only, such as 0-3,7').argParser(
        (text: string) => ({ text: text.replaceAll(/\s/g, ''), numbers: readPartitions(text) }),
      ),
    )
    .addOption(new Option('--again', 'with --job: begin it again, also if it is finished'))
    .addOption(
      new Option(
        '--accept-change',
        'with --job: go on although its transform, its configuration or its topic has changed',
      ),
    )
    .addOption(
      new Option(
        '--plan',
        'only say what would be read and written: ranges, times, sizes, duration, disk; of a job that has ' +
          'begun, what is left',
      ),
    );
}

/** Throws where they don't go together. */
export function checkRangeOptions(options: RangeOptions): void {
  const { from, until, job, partitions, again, acceptChange, plan } = options;
  const begin = from ?? (job === undefined ? undefined : FROM_DEFAULT);
  if (begin !== undefined && until !== undefined && until !== 'forever') requireOrder(begin, until);
  if (job !== undefined) {
    if (until === 'forever')
      throw new DispatcherError('USAGE', '--until forever: a job has an end', {
        remedy: 'name one, such as --until end, or run without --job',
      });
    return;
  }
  if (plan === true && until === 'forever')
    throw new DispatcherError('USAGE', '--until forever: a plan has an end', {
      remedy: 'name one, such as --until end',
    });
  if (plan !== true && from !== undefined && from.position.kind !== 'committed')
    throw new DispatcherError(
      'USAGE',
      `--from ${from.text} without --job: a run begins where its group has committed`,
      {
        remedy:
          'add --job NAME for a group of its own, which leaves the live group alone; or move the live ' +
          'group first: kd group reset --to …',
      },
    );
  const alone = [
    partitions === undefined || plan === true ? '' : '--partitions',
    again === true ? '--again' : '',
    acceptChange === true ? '--accept-change' : '',
  ].find((option) => option !== '');
  if (alone !== undefined)
    throw new DispatcherError('USAGE', `${alone} is for jobs only`, { remedy: 'add --job NAME' });
}

/** Faults that the options alone show: mixing up the two must not give a job that is finished at once. */
function requireOrder(from: TypedPosition, until: TypedPosition): void {
  if (!endsBeforeBeginning(from.position, until.position)) return;
  throw new DispatcherError('USAGE', `--from ${from.text} --until ${until.text}: nothing is between them`, {
    remedy:
      '--until must be later than --from, and what is at --until is not read: for one day write ' +
      '--from 2026-11-27 --until 2026-11-28',
  });
}

function readJobName(text: string): string {
  const fault = jobNameFault(text);
  if (fault !== undefined) throw new InvalidArgumentError(`${fault}.`);
  return text;
}
