/** Looks for the dead letter of a record: its headers name the source. */
import type { RecordPlace } from '../../dispatcher/trace.js';
import type { FoundDeadLetter } from './answer.js';
import { type Row, type ScanRequest, scan } from './scan.js';

export type Search = Pick<ScanRequest, 'config' | 'logger' | 'budget' | 'from'>;

export interface DeadLetterSearch {
  /** The last one, if it died several times. */
  readonly found: FoundDeadLetter | undefined;
  readonly isComplete: boolean;
}

const CODE_CHARACTERS_MAX = 100;
const MESSAGE_CHARACTERS_MAX = 1024;

/** First in the partition where it should be, then in the others: the topic may have grown since. */
export async function findDeadLetter(
  search: Search,
  topic: string,
  source: RecordPlace,
  partitionCount: number,
): Promise<DeadLetterSearch> {
  const likely = source.partition % Math.max(1, partitionCount);
  const others = Array.from({ length: partitionCount }, (_, partition) => partition).filter(
    (partition) => partition !== likely,
  );
  let isComplete = true;
  for (const partitions of [[likely], others]) {
    if (partitions.length === 0) continue;
    let found: FoundDeadLetter | undefined;
    const request = { ...search, side: 'producer', topic, until: { kind: 'end' }, after: 1_000 } as const;
    const isWhole = await scan({ ...request, partitions: new Set(partitions) }, (row) => {
      if (!row.names('kd', source)) return false;
      found = letterAt(topic, row);
      return true;
    });
    if (found !== undefined) return { found, isComplete: true };
    isComplete &&= isWhole;
  }
  return { found: undefined, isComplete };
}

function letterAt(topic: string, row: Row): FoundDeadLetter {
  const text = (name: string, max: number): string => (row.header(name) ?? '').slice(0, max);
  return {
    topic,
    partition: row.partition,
    offset: row.offset,
    code: text('kd-code', CODE_CHARACTERS_MAX),
    message: text('kd-message', MESSAGE_CHARACTERS_MAX),
    stage: text('kd-stage', CODE_CHARACTERS_MAX),
    attempts: Number(text('kd-attempts', 9)) || 1,
    time: text('kd-time', CODE_CHARACTERS_MAX),
  };
}
