/** Traces of batches. Everything here is called per batch or per step of one, never per record. */
import type { InputBatch } from '../core/batch.js';

export interface BatchTracer {
  /** A batch was read. Undefined: nothing is kept of it. */
  begin(input: InputBatch): BatchTrace | undefined;
}

export interface BatchTrace {
  /** A range of its records goes to a worker. Undefined: the step is not traced. */
  transform(records: number): TraceStep | undefined;
  /** A part of its results goes to the producer; `topic`: if all of them go to one. */
  send(records: number, topic: string | undefined): TraceStep | undefined;
  /** Nothing more happens with the batch, nor with its steps. `fault`: it was not settled as it was read. */
  end(fault?: TraceFault): void;
}

export interface TraceStep {
  /** The trace context of the step, as a W3C `traceparent`. */
  readonly traceparent: string;
  /** `counts`: what became of the records. The first call counts. */
  end(counts: Readonly<Record<string, number>>, fault?: TraceFault): void;
}

export interface TraceFault {
  /** One of few values: a code of ours, or Kafka's name of an error. */
  readonly code: string;
  /** Ours: no text of a record, because traces leave the machine. */
  readonly message: string;
}
