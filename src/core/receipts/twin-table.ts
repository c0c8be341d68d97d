/** Records by a number that is equal for equal records; 30 bytes each, so that millions fit. */

export interface TableRecord {
  readonly partition: number;
  readonly offset: number;
  readonly mark: number;
  readonly isTwin: boolean;
}

const SLOTS_FIRST = 1 << 10;
const NONE = -1;

export class TwinTable {
  #count = 0;
  #twins = new Float64Array(SLOTS_FIRST / 2);
  #offsets = new Float64Array(SLOTS_FIRST / 2);
  #partitions = new Int32Array(SLOTS_FIRST / 2);
  #marks = new Uint8Array(SLOTS_FIRST / 2);
  #found = new Uint8Array(SLOTS_FIRST / 2);
  /** The next record of the same twin. */
  #next = new Int32Array(SLOTS_FIRST / 2);
  /** Index of the first record of a twin, by its hash. */
  #slots = new Int32Array(SLOTS_FIRST).fill(NONE);
  #twinsLeft = 0;

  get size(): number {
    return this.#count;
  }

  /** No record is without a twin. */
  get allFound(): boolean {
    return this.#twinsLeft === 0;
  }

  add(twin: number, partition: number, offset: number, mark: number): void {
    if (this.#count === this.#twins.length) this.#grow();
    const index = this.#count++;
    this.#twins[index] = twin;
    this.#offsets[index] = offset;
    this.#partitions[index] = partition;
    this.#marks[index] = mark;
    this.#insert(index, twin);
  }

  /** A record with this twin was seen elsewhere. */
  see(twin: number): void {
    let index = this.#slots[this.#slotOf(twin)] ?? NONE;
    if (index === NONE || this.#found[index] === 1) return;
    this.#twinsLeft -= 1;
    for (; index !== NONE; index = this.#next[index] ?? NONE) this.#found[index] = 1;
  }

  *records(): Generator<TableRecord> {
    for (let index = 0; index < this.#count; index++)
      yield {
        partition: this.#partitions[index] ?? 0,
        offset: this.#offsets[index] ?? 0,
        mark: this.#marks[index] ?? 0,
        isTwin: this.#found[index] === 1,
      };
  }

  #insert(index: number, twin: number): void {
    const slot = this.#slotOf(twin);
    const first = this.#slots[slot] ?? NONE;
    if (first === NONE) this.#twinsLeft += 1;
    this.#next[index] = first;
    this.#slots[slot] = index;
  }

  /** The slot that has this twin, or the free one where it belongs. Half of them are free. */
  #slotOf(twin: number): number {
    const mask = this.#slots.length - 1;
    // The low bits of a hash are as good as any.
    let slot = (twin % 4_294_967_296) & mask;
    for (;;) {
      const index = this.#slots[slot] ?? NONE;
      if (index === NONE || this.#twins[index] === twin) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const length = this.#twins.length * 2;
    this.#twins = grown(this.#twins, new Float64Array(length));
    this.#offsets = grown(this.#offsets, new Float64Array(length));
    this.#partitions = grown(this.#partitions, new Int32Array(length));
    this.#marks = grown(this.#marks, new Uint8Array(length));
    this.#found = grown(this.#found, new Uint8Array(length));
    this.#next = new Int32Array(length);
    this.#slots = new Int32Array(length * 2).fill(NONE);
    this.#twinsLeft = 0;
    for (let index = 0; index < this.#count; index++) this.#insert(index, this.#twins[index] ?? 0);
  }
}

function grown<Numbers extends Float64Array | Int32Array | Uint8Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
