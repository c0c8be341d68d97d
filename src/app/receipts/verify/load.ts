/** Reads receipts: those of several instances, of several runs. */
import { DispatcherError } from '../../../core/errors.js';
import type { OffsetRange } from '../../../core/offset-ranges.js';
import type { AcknowledgedOutput, ReceiptLine, SettledInput } from '../../../core/receipts/lines.js';
import { NOTHING, readSum } from '../../../core/receipts/sum.js';
import { type OnLine, ReceiptFault, readReceipt } from '../read-receipt.js';
import {
  type Instance,
  type Listed,
  type ListedPart,
  type ListedPartition,
  partitionIn,
  type Side,
  takeBounds,
} from './listed.js';

export interface Loaded {
  readonly listed: Listed;
  /** Notes for the reader; nothing is wrong. */
  readonly notes: readonly string[];
}

/** Rejects with CHECK_FAILED if a line has been changed. */
export async function loadReceipts(files: readonly string[]): Promise<Loaded> {
  const building = new Building();
  const notes: string[] = [];
  for (const file of files) {
    try {
      const { tornBytes, lines } = await readReceipt(file, building.taker(file));
      if (lines === 0) throw new ReceiptFault(`${file} has no lines`);
      if (tornBytes > 0)
        notes.push(`${file}: line ${lines + 1} is incomplete: the process was killed while writing it`);
    } catch (cause) {
      throw failed(file, cause);
    }
  }
  return { listed: building.listed(), notes };
}

function failed(file: string, cause: unknown): DispatcherError {
  if (cause instanceof ReceiptFault)
    return new DispatcherError('CHECK_FAILED', cause.message, {
      cause,
      remedy: 'this receipt proves nothing: find the file as the run wrote it',
    });
  const text = cause instanceof Error ? cause.message : String(cause);
  return new DispatcherError('USAGE', `${file} can't be read: ${text}`, {
    cause,
    remedy: 'name the file that was given to kd run --receipt',
  });
}

class Building {
  readonly #inputs = new Map<string, ListedPartition>();
  readonly #outputs = new Map<string, ListedPartition>();
  readonly #instances = new Map<string, Instance>();
  /** A copy of a file adds nothing. */
  readonly #seen = new Set<string>();
  #unplaced = 0;
  #lines = 0;

  taker(file: string): OnLine {
    return (line, number, position, sha256) => {
      if (this.#seen.has(sha256)) return;
      this.#seen.add(sha256);
      this.#lines += 1;
      this.#take(line, { file, line: number, position });
    };
  }

  listed(): Listed {
    return {
      inputs: this.#inputs,
      outputs: this.#outputs,
      instances: this.#instances,
      unplaced: this.#unplaced,
      lines: this.#lines,
    };
  }

  #take(line: ReceiptLine, at: Pick<ListedPart, 'file' | 'line' | 'position'>): void {
    const { instance } = line;
    const known = this.#instances.get(instance);
    if (known === undefined || line.kind === 'begun')
      this.#instances.set(instance, { begun: line.kind === 'begun' ? line : undefined, ended: undefined });
    switch (line.kind) {
      case 'begun':
        for (const { topic, partition, to } of line.outputEnds) {
          const listed = partitionIn(this.#outputs, topic, partition);
          listed.from = Math.min(listed.from ?? to, to);
        }
        break;
      case 'bounds':
        takeBounds(this.#inputs, line);
        break;
      case 'settled':
        for (const input of line.inputs) this.#input(input, at);
        for (const output of line.outputs) this.#output(output, at);
        this.#unplaced += line.unplaced;
        break;
      case 'ended':
        if (known !== undefined) known.ended = line;
        break;
      case 'reloaded':
        break;
    }
  }

  #input(input: SettledInput, at: Pick<ListedPart, 'file' | 'line' | 'position'>): void {
    const ranges = input.pieces.map(([from, to]): OffsetRange => [from, to]);
    const recordsIn = input.pieces.map(([, , records]) => records);
    const listed = this.#add('input', this.#inputs, input, { ranges, recordsIn, ...at });
    for (const piece of input.pieces) listed.pieces.push(piece);
  }

  #output(output: AcknowledgedOutput, at: Pick<ListedPart, 'file' | 'line' | 'position'>): void {
    const { runs: ranges } = output;
    const recordsIn = ranges.map(([from, to]) => to - from);
    this.#add('output', this.#outputs, output, { ranges, recordsIn, ...at });
  }

  #add(
    side: Side,
    partitions: Map<string, ListedPartition>,
    { topic, partition, records, sum }: SettledInput | AcknowledgedOutput,
    rest: Pick<ListedPart, 'file' | 'line' | 'position' | 'ranges' | 'recordsIn'>,
  ): ListedPartition {
    const listed = partitionIn(partitions, topic, partition);
    listed.parts.push({ ...rest, side, topic, partition, records, sum: readSum(sum) ?? NOTHING });
    return listed;
  }
}
