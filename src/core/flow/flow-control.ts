import { DispatcherError } from '../errors.js';

/** Records and bytes in flight: read and not yet settled. */
export class FlowControl {
  #bytes = 0;
  #records = 0;

  /** Counts what was read. Never refuses, because the records are already in memory. */
  book(bytes: number, records: number): void {
    if (!(bytes >= 0 && records >= 0)) throw defect(`booked ${bytes} bytes, ${records} records`);
    this.#bytes += bytes;
    this.#records += records;
  }

  /** Subtracts what was settled. */
  release(bytes: number, records: number): void {
    if (!(bytes >= 0 && records >= 0 && bytes <= this.#bytes && records <= this.#records)) {
      throw defect(`released ${bytes} bytes, ${records} records of ${this.#bytes}, ${this.#records}`);
    }
    this.#bytes -= bytes;
    this.#records -= records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `flow control: ${message}`, {
    remedy: 'this is a bug in Kafka-Dispatcher; please report it',
  });
}
