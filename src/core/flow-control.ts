import { DispatcherError } from './errors.js';

export interface FlowLimits {
  readonly inFlightBytesMax: number;
  readonly inFlightRecordsMax: number;
}

/** What is in flight against its two maxima. */
export class FlowControl {
  readonly #limits: FlowLimits;
  #bytes = 0;
  #records = 0;
  #peakBytes = 0;
  #peakRecords = 0;

  constructor(limits: FlowLimits) {
    this.#limits = limits;
  }

  /** Books what was read. Never refuses: what is here is here. */
  book(bytes: number, records: number): void {
    if (!(bytes >= 0 && records >= 0)) throw defect(`booked ${bytes} bytes, ${records} records`);
    this.#bytes += bytes;
    this.#records += records;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    this.#peakRecords = Math.max(this.#peakRecords, this.#records);
  }

  /** Gives back what was settled. */
  release(bytes: number, records: number): void {
    if (!(bytes >= 0 && records >= 0 && bytes <= this.#bytes && records <= this.#records)) {
      throw defect(`released ${bytes} bytes, ${records} records of ${this.#bytes}, ${this.#records}`);
    }
    this.#bytes -= bytes;
    this.#records -= records;
  }

  /**
   * Whether another `bytes` may be read. With nothing in flight always: what is larger than the budget passes
   * alone, never hangs.
   */
  canTake(bytes: number): boolean {
    if (this.#bytes === 0 && this.#records === 0) return true;
    return (
      this.#records < this.#limits.inFlightRecordsMax && this.#bytes + bytes <= this.#limits.inFlightBytesMax
    );
  }

  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  get peakRecords(): number {
    return this.#peakRecords;
  }
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `flow control: ${message}`, {
    remedy: 'this is a fault of Kafka-Dispatcher; please report it',
  });
}
