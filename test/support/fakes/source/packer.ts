import type { PartitionId } from '../../../../src/core/batch.js';
import { InputBatchWriter } from '../../../../src/wire/input-writer.js';
import { HEADER_BYTES, INPUT_ROW_BYTES, SEGMENT_BYTES } from '../../../../src/wire/layout.js';
import { addFault } from '../../../wire/input-fault.js';
import { indexAt, type LogRecord } from '../log.js';
import type { Random } from '../random.js';
import type { VirtualClock } from '../virtual-clock.js';
import { faultAt, type OpenLog, type OpenLogs } from './open-logs.js';

const PAYLOAD = new Uint8Array(1 << 16);

/** Packs what can be read into batches, mixing partitions; a record too large for any block waits. */
export class Packer {
  private readonly clock: VirtualClock;
  private readonly random: Random;
  private readonly logs: OpenLogs;
  private readonly cutPerPartition: boolean;
  private readonly oversize: (bytes: number) => void;
  private oversizeAt: { readonly id: PartitionId; readonly bytes: number } | undefined;

  constructor(
    world: { clock: VirtualClock; random: Random },
    logs: OpenLogs,
    cutPerPartition: boolean,
    oversize: (bytes: number) => void,
  ) {
    this.clock = world.clock;
    this.random = world.random;
    this.logs = logs;
    this.cutPerPartition = cutPerPartition;
    this.oversize = oversize;
  }

  /** The size of a record that waits for a larger block. */
  get waitingBytes(): number | undefined {
    return this.oversizeAt?.bytes;
  }

  /** A record of the partition waits for a larger block. */
  holds(id: PartitionId): boolean {
    return this.oversizeAt?.id === id;
  }

  /** No record waits any more: of this partition, or at all. */
  forget(id?: PartitionId): void {
    if (id === undefined || this.holds(id)) this.oversizeAt = undefined;
  }

  /** Fills a block. False if nothing can be packed now. */
  pack(block: Uint8Array, wanted: number): boolean {
    const writer = new InputBatchWriter(block);
    const broken = this.addRuns(writer, wanted);
    if (writer.rowCount === 0 && broken === undefined) return false;
    writer.close();
    if (broken !== undefined) addNextFault(block, broken, this.clock.nowMs());
    return true;
  }

  /** Runs of records from partitions in random order, up to a fault, whose partition is returned. */
  private addRuns(writer: InputBatchWriter, wanted: number): OpenLog | undefined {
    let partitionsLeft = this.cutPerPartition ? 1 : 6;
    while (writer.rowCount < wanted && partitionsLeft > 0) {
      const readable = this.logs.readable();
      if (readable.length === 0) return undefined;
      partitionsLeft -= 1;
      const one =
        readable.find((other) => other.log.id === this.oversizeAt?.id) ?? this.random.pick(readable);
      const run = this.random.between(1, wanted - writer.rowCount);
      for (let n = 0; n < run; n += 1) {
        const record = one.log.records[indexAt(one.log, one.next)];
        if (faultAt(one, record, this.clock.nowMs()) !== undefined) return one;
        if (record === undefined || record.availableAtMs > this.clock.nowMs()) break;
        if (!this.add(writer, one, record)) return undefined;
      }
    }
    return undefined;
  }

  private add(writer: InputBatchWriter, one: OpenLog, record: LogRecord): boolean {
    const value = PAYLOAD.subarray(0, record.bytes);
    if (writer.add(one.log.id, one.epoch, { offset: record.offset, timestamp: -1, key: null, value })) {
      this.logs.passed(one, record);
      return true;
    }
    if (writer.rowCount > 0) return false;
    const bytes = HEADER_BYTES + INPUT_ROW_BYTES + SEGMENT_BYTES + record.bytes;
    this.oversizeAt = { id: one.log.id, bytes };
    this.clock.after(this.random.int(3), () => this.oversize(bytes));
    return false;
  }
}

/** A fault without room comes with the next batch. */
function addNextFault(block: Uint8Array, one: OpenLog, nowMs: number): void {
  const { log, epoch, next: offset } = one;
  const fault = faultAt(one, log.records[indexAt(log, offset)], nowMs);
  if (fault === undefined) return;
  one.broken = addFault(block, { partitionId: log.id, epoch, offset, code: fault.code, text: 'planted' });
  if (one.broken) fault.timesLeft -= 1;
}
