import type { Encoder } from '../format.js';
import { JsonEncoder } from '../json-encode.js';
import { generateWrite, type WriteShape } from './generate-write.js';
import type { Shape } from './shape.js';
import type { SourceRecord } from './source-record.js';
import { LeafWriter } from './write-leaf.js';

/**
 * Writes what {@link JsonEncoder} writes. A value like the record that was read last is mostly copied from
 * it.
 */
export class JsonRowEncoder implements Encoder {
  readonly #plain = new JsonEncoder();
  readonly #source: SourceRecord;
  readonly #writer: LeafWriter;
  #shape: Shape | undefined;
  #write: WriteShape = () => false;

  constructor(source: SourceRecord) {
    this.#source = source;
    this.#writer = new LeafWriter(source);
  }

  encode(value: unknown, bytes: Uint8Array, start: number, limit: number): number {
    const { shape } = this.#source;
    if (shape !== undefined) {
      this.#writer.begin(bytes, start, Math.min(limit, bytes.length));
      const end = this.#likeSource(shape, value);
      if (end >= 0) return end;
    }
    return this.#plain.encode(value, bytes, start, limit);
  }

  /** The end position, or −1: the value differs too much, or there is no room. */
  #likeSource(shape: Shape, value: unknown): number {
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#write = generateWrite(shape);
    }
    try {
      return this.#write(value, this.#source.values, this.#writer) ? this.#writer.finish() : -1;
    } catch {
      // A proxy or a getter; JSON.stringify says what is wrong with it.
      return -1;
    }
  }
}
