/** A job that was done before: repeated as it was, or asked for otherwise. */
import { DispatcherError } from '../../core/errors.js';
import { differenceWords } from '../../core/jobs/difference-words.js';
import { optionDifferences } from '../../core/jobs/job-changes.js';
import type { JobPin, PinnedPosition } from '../../core/jobs/job-record.js';
import { type Position, parsePosition, type TypedPosition } from '../../core/positions/position.js';
import { askedAgain, type JobRequest } from './request.js';

/** `--again`: what the command line leaves out is as it was. A job of one day must not become one of all. */
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

/** A time is that of the start of the job: -2h has not moved since. */
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

/** A job that is finished: other positions than its own are not done. Throws if they are asked for. */
export function requireSameOptions(request: JobRequest, pin: JobPin): void {
  const found = optionDifferences(pin, askedAgain(request));
  if (found.length === 0) return;
  throw new DispatcherError(
    'USAGE',
    `the job ${request.name} is finished, but not as asked now: ${differenceWords(found).join('; ')}`,
    {
      remedy:
        'another --job NAME is another job; --again does this one again, as asked now; without these ' +
        'options its old summary is printed',
    },
  );
}
