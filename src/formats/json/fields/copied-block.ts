import { bufferOver, type RawBuffer } from '../../memory.js';

const NOTHING: Uint8Array = new Uint8Array(0);

/** From this length on, one call copies; fewer bytes are cheaper to copy word by word. */
const CALL_COSTS_BYTES = 160;
/** Longer texts are written by one call. */
const SHORT_TEXT_CHARS = 64;

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
/** So that whole and cents are 32-bit integers. */
const CENTS_MAX = 0x7fff_ffff;

/** Copies bytes and writes texts from one block into another one. */
export class CopiedBlock {
  source: RawBuffer = bufferOver(NOTHING);
  target: RawBuffer = bufferOver(NOTHING);
  #from: Uint8Array = NOTHING;
  #to: Uint8Array = NOTHING;
  #fromView: DataView = new DataView(NOTHING.buffer);
  #toView: DataView = new DataView(NOTHING.buffer);

  open(from: Uint8Array, to: Uint8Array): void {
    if (from !== this.#from) {
      this.#from = from;
      this.source = bufferOver(from);
      this.#fromView = new DataView(from.buffer, from.byteOffset, from.byteLength);
    }
    if (to === this.#to) return;
    this.#to = to;
    this.target = bufferOver(to);
    this.#toView = new DataView(to.buffer, to.byteOffset, to.byteLength);
  }

  /** Copies [start, end) of the source to `at`; returns the position after it. */
  copy(at: number, start: number, end: number): number {
    if (end - start > CALL_COSTS_BYTES) {
      this.source.copy(this.target, at, start, end);
      return at + end - start;
    }
    let [i, p] = [start, at];
    const [from, to] = [this.#fromView, this.#toView];
    for (; i < end - 3; i += 4, p += 4) to.setInt32(p, from.getInt32(i, true), true);
    for (; i < end; i++, p++) to.setUint8(p, from.getUint8(i));
    return p;
  }

  /** Writes a text as UTF-8 at `at`; returns the position after it. There is room for it. */
  text(at: number, text: string): number {
    const { length } = text;
    if (length < SHORT_TEXT_CHARS) {
      const to = this.#toView;
      let all = 0;
      for (let i = 0; i < length; i++) {
        const c = text.charCodeAt(i);
        all |= c;
        to.setUint8(at + i, c);
      }
      if (all < 128) return at + length;
    }
    return at + this.target.utf8Write(text, at, length * 3);
  }

  /** Writes a finite number as JavaScript prints it. There is room for 24 bytes. */
  number(at: number, value: number): number {
    if (value === (value | 0)) return this.#integer(value < 0 ? this.#byte(at, MINUS) : at, Math.abs(value));
    const cents = Math.round(value * 100);
    // Not String: it keeps the texts of thousands of numbers.
    // Two decimals with this many digits are the shortest text of their double.
    if (cents / 100 !== value || Math.abs(cents) > CENTS_MAX) return this.text(at, JSON.stringify(value));
    const size = Math.abs(cents);
    const whole = (size / 100) | 0;
    const behind = size - whole * 100;
    let p = this.#integer(value < 0 ? this.#byte(at, MINUS) : at, whole);
    p = this.#byte(p, POINT);
    const tenths = (behind / 10) | 0;
    p = this.#byte(p, ZERO + tenths);
    return behind === tenths * 10 ? p : this.#byte(p, ZERO + behind - tenths * 10);
  }

  #byte(at: number, byte: number): number {
    this.#toView.setUint8(at, byte);
    return at + 1;
  }

  /** `value`: at most 2^31. */
  #integer(at: number, value: number): number {
    let end = at + 1;
    for (let rest = value; rest >= 10; rest /= 10) end += 1;
    let rest = value;
    for (let i = end - 1; i >= at; i--) {
      const next = (rest / 10) | 0;
      this.#toView.setUint8(i, ZERO + rest - next * 10);
      rest = next;
    }
    return end;
  }
}
