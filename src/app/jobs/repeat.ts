/** A job that is finished: repeated as it was, or requested with other options. */
import { DispatcherError } from '../../core/errors.js';
import { differenceWords } from '../../core/jobs/difference-words.js';
import { optionDifferences } from '../../core/jobs/job-changes.js';
import type { JobPin, PinnedPosition } from '../../core/jobs/job-record.js';
import { type Position, parsePosition, type TypedPosition } from '../../core/positions/position.js';
import { askedAgain, type JobRequest } from './request.js';

/**
 * `--again`: options that are left out are those of the last run. A job over one day must not become one
 * over everything.
 */
export function asBefore(request: JobRequest, pin: JobPin): JobRequest {
  const { from, until, partitions } = request;
  const numbers = pin.topics.flatMap(({ ranges }) => ranges.map(([partition]) => partition));
  return {
    ...request,
    from: from ?? { text: pin.from.text, position: pinnedAgain(pin.from, undefined) },
    until: until ?? { text: pin.until.text, position: pinnedAgain(pin.until, undefined) },
    partitions:
      partitions ??
      (pin.partitions === null ? undefined : { text: pin.partitions, numbers: new Set(numbers) }),
  };
}

/** Relative times count from the start of the job: -2h means the same as then. */
export function pinnedAgain(
  { text, timestampMs }: PinnedPosition,
  typed: TypedPosition | undefined,
): Position {
  if (timestampMs !== undefined) return { kind: 'time', timestampMs };
  if (typed !== undefined) return typed.position;
  return parsePosition(text, Date.now(), () => {
    throw new DispatcherError('USAGE', 'the job began with the offsets of a file, which is needed again', {
      remedy: 'name it as at the start, with --from or --until @offsets.json',
    });
  });
}

/** A finished job has covered only its own positions. Throws if others are requested. */
export function requireSameOptions(request: JobRequest, pin: JobPin): void {
  const found = optionDifferences(pin, askedAgain(request));
  if (found.length === 0) return;
  throw new DispatcherError(
    'USAGE',
    `the job ${request.name} is finished, but with other options than now: ` +
      differenceWords(found).join('; '),
    {
      remedy:
        'use another --job NAME for a new job, or --again to repeat this one with these options; without ' +
        'them its old summary is printed',
    },
  );
}
