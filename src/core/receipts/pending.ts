/** Records that a run has settled but not yet written to its receipt, by topic and partition. */
import type { AcknowledgedOutput, InputPiece, Outcomes, SettledInput } from './lines.js';
import { addSums, type HashSum, NOTHING, sumText } from './sum.js';

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly records: number;
  readonly outputs: number;
  readonly marks: Uint8Array;
}

interface Group {
  readonly topic: string;
  readonly partition: number;
  records: number;
  sum: HashSum;
  readonly pieces: Piece[];
}

export interface PendingPieces {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  readonly sum: HashSum;
  readonly pieces: readonly Piece[];
}

/** Base64; injected, because it is not part of the language. */
export type Encode = (bytes: readonly Uint8Array[]) => string;

export class PendingGroups {
  readonly #groups = new Map<string, Group>();

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  add({ topic, partition, records, sum, pieces }: PendingPieces): void {
    const name = `${partition} ${topic}`;
    const group = this.#groups.get(name) ?? { topic, partition, records: 0, sum: NOTHING, pieces: [] };
    this.#groups.set(name, group);
    group.records += records;
    group.sum = addSums(group.sum, sum);
    for (const piece of pieces) group.pieces.push(piece);
  }

  inputs(encode: Encode): readonly SettledInput[] {
    return [...this.#groups.values()].map((group) => {
      const merged = mergedPieces(group.pieces);
      const pieces = merged.map(({ from, to, records, outputs }): InputPiece => [from, to, records, outputs]);
      return { ...hashed(group, merged, encode), pieces };
    });
  }

  outputs(encode: Encode): readonly AcknowledgedOutput[] {
    return [...this.#groups.values()].map((group) => {
      const merged = mergedPieces(group.pieces);
      return {
        ...hashed(group, merged, encode),
        runs: merged.map(({ from, to }): readonly [number, number] => [from, to]),
      };
    });
  }

  clear(): void {
    this.#groups.clear();
  }
}

interface Merged {
  readonly from: number;
  to: number;
  records: number;
  outputs: number;
  readonly marks: Uint8Array[];
}

function hashed(group: Group, merged: readonly Merged[], encode: Encode): Omit<SettledInput, 'pieces'> {
  const { topic, partition, records, sum } = group;
  return {
    topic,
    partition,
    records,
    sum: sumText(sum),
    marks: encode(merged.flatMap(({ marks }) => marks)),
  };
}

/** By offset; pieces that touch become one. */
function mergedPieces(pieces: readonly Piece[]): readonly Merged[] {
  const merged: Merged[] = [];
  for (const { from, to, records, outputs, marks } of [...pieces].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last?.to === from) {
      last.to = to;
      last.records += records;
      last.outputs += outputs;
      last.marks.push(marks);
    } else merged.push({ from, to, records, outputs, marks: [marks] });
  }
  return merged;
}

/** Counts by outcome. */
export class PendingOutcomes {
  #transformed = 0;
  readonly #filtered = new Map<string, number>();
  readonly #deadLettered = new Map<string, number>();

  add(
    transformed: number,
    filtered: readonly (readonly [string, number])[],
    deadLettered: readonly { readonly code: string; readonly rows: number }[],
  ): void {
    this.#transformed += transformed;
    for (const [reason, rows] of filtered) count(this.#filtered, reason, rows);
    for (const { code, rows } of deadLettered) count(this.#deadLettered, code, rows);
  }

  counted(): Outcomes {
    return {
      transformed: this.#transformed,
      filtered: Object.fromEntries(this.#filtered),
      deadLettered: Object.fromEntries(this.#deadLettered),
    };
  }

  clear(): void {
    this.#transformed = 0;
    this.#filtered.clear();
    this.#deadLettered.clear();
  }
}

function count(counts: Map<string, number>, name: string, rows: number): void {
  if (rows > 0) counts.set(name, (counts.get(name) ?? 0) + rows);
}
