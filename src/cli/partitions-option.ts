/** The option `--partitions`. */
import { InvalidArgumentError } from 'commander';

const PARTITION_NUMBERS_MAX = 100_000;

/** `0-3,7`. */
export function readPartitions(text: string): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last] = /^\s*(\d{1,9})(?:-(\d{1,9}))?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last ?? first)];
    if (first === undefined || to < from || to - from + numbers.size > PARTITION_NUMBERS_MAX)
      throw new InvalidArgumentError('write partition numbers and ranges, such as 0-3,7.');
    for (let partition = from; partition <= to; partition++) numbers.add(partition);
  }
  return numbers;
}
