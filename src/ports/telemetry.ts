/** Where traces and metrics of a run go, besides `/metrics`. */
import type { MetricFamily } from './metrics.js';
import type { BatchTracer } from './tracing.js';

/** Facts about a job that its traces carry. */
export interface TracedJob {
  readonly clientId: string;
  readonly groupId: string;
  /** The name of the user's module; undefined: records pass through, so nothing is transformed. */
  readonly transform: string | undefined;
  readonly describe: (partitionId: number) => { readonly topic: string; readonly partition: number };
}

export interface Telemetry {
  /** Undefined: nobody asked for traces. */
  tracer(job: TracedJob): BatchTracer | undefined;
  /** `families` is called whenever somebody looks. Returns a function that ends it. */
  observe(families: () => readonly MetricFamily[]): () => void;
  /** Sends what is waiting, within its time and this one. False: that takes longer. */
  flush(withinMs: number): Promise<boolean>;
}
