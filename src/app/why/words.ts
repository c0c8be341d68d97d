/** Sentences about one record, and what to do. */
import type { RecordPlace } from '../../dispatcher/trace.js';
import type { FoundDeadLetter, FoundResult } from './answer.js';
import type { FlightSeen } from './ask-running.js';

export interface Said {
  readonly sentences: readonly string[];
  readonly remedy?: string;
}

export function at({ topic, partition, offset }: RecordPlace): string {
  return `${topic}[${partition}] ${offset}`;
}

/** `4 s`, `3 min`, `2 h`. */
export function spell(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

export function number(n: number): string {
  return n.toLocaleString('en-US');
}

export function committedWords(
  group: string | undefined,
  committed: number | undefined,
  offset: number,
): string {
  if (group === undefined) return 'No group is named, so it is not known whether it is committed.';
  if (committed === undefined) return `Group ${group} has committed nothing in this partition.`;
  return committed > offset
    ? `It is committed: group ${group} is at ${committed}.`
    : `It is not committed: group ${group} is at ${committed}.`;
}

export function resultWords(results: readonly FoundResult[], isComplete: boolean): string {
  const [first] = results;
  if (first === undefined) return '';
  const LISTED_MAX = 10;
  const places = results.slice(0, LISTED_MAX).map(at).join(', ');
  const more = results.length > LISTED_MAX ? ` and ${results.length - LISTED_MAX} more` : '';
  const which = results.length === 1 ? 'Its result is at' : 'Its results are at';
  const likely =
    first.certainty === 'likely' ? `Likely, by key and timestamp: ${which.toLowerCase()}` : which;
  return `${likely} ${places}${more}.${isComplete ? '' : ' There may be more: the search ended early.'}`;
}

export function deadLetterWords(letter: FoundDeadLetter): Said {
  const { code, message, stage, attempts, time } = letter;
  const times = attempts > 1 ? `, the ${attempts}th time` : '';
  return {
    sentences: [
      `It became a dead letter${time === '' ? '' : ` at ${time}`}${times}: ${code}` +
        `${stage === '' ? '' : ` (${stage})`}: ${message}`,
      `The dead letter is at ${at(letter)}.`,
    ],
    remedy: 'correct the transform or the input, then replay the dead letter (README, Recipes)',
  };
}

/** How far a record in flight is. */
export function flightWords(flight: FlightSeen, subject: string): Said {
  const { stage, ageMs, worker, outcome, behind } = flight;
  const since = `read ${spell(ageMs)} ago`;
  const said = outcome === undefined ? '' : outcomeWords(outcome);
  const first = behind === undefined ? 'an earlier batch' : `the batch from ${at(behind)}`;
  switch (stage) {
    case 'transforming':
      return {
        sentences: [`${subject} is with worker ${worker?.thread ?? '?'} (${since})${workerWords(worker)}.`],
        ...(worker !== undefined && worker.stillMs >= SLOW_MS
          ? { remedy: 'give the slow call in the transform a time limit; dispatcher.timeout ends it' }
          : {}),
      };
    case 'queued':
      return {
        sentences: [`${subject} waits for a worker: all are busy (${since}).`],
        remedy: 'if this lasts: raise dispatcher.threads, or make the transform faster (kd top shows both)',
      };
    case 'held':
    case 'ordered':
      return {
        sentences: [
          `${subject} waits in the order${said}: ` + `${first} is not written yet ` + `(${since}).`,
        ],
      };
    case 'written':
      return {
        sentences: [`${subject} is with the producer${said}, not acknowledged yet (${since}).`],
        remedy: 'if this lasts: kd status names a stalled destination',
      };
    case 'acknowledged':
      return { sentences: [`${subject} is acknowledged${said}; others of its batch are not (${since}).`] };
    default:
      return { sentences: [`${subject} is in flight (${since}).`] };
  }
}

const SLOW_MS = 1_000;

function workerWords(worker: FlightSeen['worker']): string {
  if (worker === undefined || worker.stillMs < SLOW_MS) return '';
  const what = worker.isAtIt
    ? 'it is in progress, and'
    : 'an earlier record of the batch is in progress, and';
  return `: ${what} nothing was finished for ${spell(worker.stillMs)}`;
}

function outcomeWords({ kind, code }: NonNullable<FlightSeen['outcome']>): string {
  if (kind === 'filtered') return `, filtered${code === '' ? '' : ` (${code})`}`;
  return kind === 'dead-lettered' ? `, as a dead letter (${code})` : '';
}
