/** Describes differences from the start of a job to users, with what they can decide. */
import type { JobDifference } from './job-changes.js';

/** One line for each difference; those of many partitions are shortened. */
export function differenceWords(all: readonly JobDifference[]): readonly string[] {
  const lost = all.filter((one) => one.kind === 'lost');
  const parts = all.filter((one) => one.kind === 'part').map(({ key }) => key);
  return [
    ...all.flatMap((one) => single(one) ?? []),
    ...(parts.length === 0
      ? []
      : [`${parts.join(', ')} ${parts.length > 1 ? 'have' : 'has'} changed since its start`]),
    ...(lost.length === 0
      ? []
      : [
          `records of its range were deleted (retention?) before it read them: ${shortened(
            lost.map(({ topic, partition, from, to }) => `${topic}[${partition}] ${from}–${to - 1}`),
          )}`,
        ]),
  ];
}

/** The user chose it: exit 2. The others are losses of data. */
export function isChosen({ kind }: JobDifference): boolean {
  return kind === 'option' || kind === 'part';
}

/** `--accept-change` can't decide these. */
export function isFinal({ kind }: JobDifference): boolean {
  return kind === 'option' || kind === 'missing';
}

function single(one: JobDifference): string | undefined {
  switch (one.kind) {
    case 'option':
      return `${one.option} was ${one.pinned} at its start, and is ${one.typed} now`;
    case 'replaced':
      return `the topic ${one.topic} was deleted and created again: its offsets mean other records now`;
    case 'missing':
      return `${one.topic}[${one.partition}] is no longer there`;
    case 'part':
    case 'lost':
      return undefined;
  }
}

const NAMED_MAX = 10;

function shortened(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  return `${names.slice(0, NAMED_MAX).join(' ')}${more > 0 ? ` and ${more} more` : ''}`;
}
