import { visible } from '../../../core/visible.js';
import { count } from '../numbers.js';

const INTERVAL_MS = 500;

interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** How many records a search has read: one line rewritten in place, on a terminal only. */
export class ScanProgress {
  readonly #output: Output;
  readonly #isOn: boolean;
  #nextMs = performance.now() + INTERVAL_MS;
  #isShown = false;

  constructor(output: Output, isOn: boolean) {
    this.#output = output;
    this.#isOn = isOn && output.isTTY === true;
  }

  at(records: number, topic: string): void {
    const nowMs = performance.now();
    if (!this.#isOn || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + INTERVAL_MS;
    this.#isShown = true;
    this.#output.write(`\r\x1b[2Ksearching ${visible(topic)}: ${count(records)} records read`);
  }

  clear(): void {
    if (this.#isShown) this.#output.write('\r\x1b[2K');
    this.#isShown = false;
  }
}
