import type { Shape } from './shape.js';

const NOTHING = new Uint8Array(0);

/**
 * The record that was read last, if it has the known shape and its text is what JSON.stringify would write:
 * the values of its leaves and where their texts are. Most transforms change little of a record, and what is
 * unchanged is copied from block to block. Valid only while the block keeps its bytes.
 */
export class SourceRecord {
  /** Undefined: there is no such record. */
  shape: Shape | undefined;
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** The values of the leaves as they were read. */
  values: unknown[] = [];
  /** The items of its arrays, as many as `itemCount`; `firstItem` of each leaf that is one. */
  readonly items: unknown[] = [];
  itemCount = 0;
  readonly firstItem: number[] = [];
  /** The cells of its leaves, from the first one on. */
  cells: Int32Array = new Int32Array(0);
  firstCell = 0;

  forget(): void {
    this.shape = undefined;
    this.bytes = NOTHING;
  }
}
