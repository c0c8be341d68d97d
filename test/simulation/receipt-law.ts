import type { Commits, CommittedOffset } from '../../src/ports/commits.js';
import type { Receipts, SettledRows } from '../../src/ports/receipts.js';
import { indexAt } from '../support/fakes/log.js';
import type { FakeGroup } from '../support/fakes/source/fake-group.js';
import type { Ledger } from './ledger.js';

/**
 * The law of receipts: whatever was read of a partition is in the receipt before an offset above it is
 * stored.
 */
export class ReceiptLaw implements Receipts {
  private readonly ledger: Ledger;
  private readonly group: FakeGroup;
  private pending: SettledRows[] = [];
  /** Topic and partition → offsets. */
  private readonly written = new Map<string, Set<number>>();

  constructor(ledger: Ledger, group: FakeGroup) {
    this.ledger = ledger;
    this.group = group;
  }

  bounded(): void {
    // Nothing to check: the bounds are those of the run.
  }

  acknowledged(): void {
    // The fake sink notes nothing.
  }

  settled(_block: Uint8Array, rows: readonly SettledRows[]): void {
    this.pending.push(...rows);
  }

  write(): void {
    for (const { topic, partition, from, to } of this.pending) {
      const offsets = this.writtenOf(topic, partition);
      for (let offset = from; offset < to; offset++) offsets.add(offset);
    }
    this.pending = [];
  }

  /** These commits, watched. */
  watching(commits: Commits): Commits {
    return {
      listen: (events) => commits.listen(events),
      committedOffsets: (partitions) => commits.committedOffsets(partitions),
      store: (offsets) => {
        for (const offset of offsets) this.mustBeWritten(offset);
        commits.store(offsets);
      },
    };
  }

  /** In a log that was changed, other records may be at the same offsets. */
  private mustBeWritten({ partitionId, offset }: CommittedOffset): void {
    const { log, switched } = this.group.partition(partitionId);
    const page = this.ledger.pages.get(log);
    if (page === undefined || switched !== undefined) return;
    const written = this.writtenOf(log.topic, log.partition);
    for (let index = indexAt(log, page.readFrom); index < log.records.length; index++) {
      const record = log.records[index];
      if (record === undefined || record.offset >= Math.min(offset, page.readTo)) return;
      if (!written.has(record.offset))
        this.ledger.violation(
          `partition ${partitionId}: offset ${offset} is stored, but ${record.offset} is in no receipt`,
        );
    }
  }

  private writtenOf(topic: string, partition: number): Set<number> {
    const name = `${partition} ${topic}`;
    const offsets = this.written.get(name) ?? new Set<number>();
    this.written.set(name, offsets);
    return offsets;
  }
}
