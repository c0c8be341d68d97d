/** Whether two programs wrote the same records. */
import type { TopicDigest } from '../../test/support/java/requests.js';

/** The output of a program, topic by topic in the order of the job's outputs. */
export interface Written {
  readonly title: string;
  readonly topics: readonly Omit<TopicDigest, 'topic'>[];
  /** The program keeps each record in the partition number of its source. */
  readonly keepsPartition: boolean;
}

/** Every difference between what the first program wrote and what each of the others did; none: []. */
export function differences(written: readonly Written[]): string[] {
  const [reference, ...others] = written;
  return reference === undefined ? [] : others.flatMap((other) => differencesOf(reference, other));
}

function differencesOf(reference: Written, other: Written): string[] {
  const compared = Math.max(reference.topics.length, other.topics.length);
  return Array.from({ length: compared }, (_, index) => {
    const difference = topicDifference(reference, other, index);
    return difference === undefined ? [] : [`${other.title}, output ${index + 1}: ${difference}`];
  }).flat();
}

function topicDifference(reference: Written, other: Written, index: number): string | undefined {
  const wanted = reference.topics[index];
  const found = other.topics[index];
  const base = reference.title;
  if (wanted === undefined || found === undefined) return `${base} writes ${reference.topics.length} topics`;
  if (wanted.records !== found.records) return `${found.records} records, ${base} ${wanted.records}`;
  if (wanted.content !== found.content) {
    return `other keys, values, headers or timestamps than ${base} (${found.content}, not ${wanted.content})`;
  }
  if (reference.keepsPartition && other.keepsPartition && wanted.placed !== found.placed) {
    return `the records of ${base}, but in other partitions`;
  }
  return undefined;
}
