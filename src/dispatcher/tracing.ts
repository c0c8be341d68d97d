/** What the steps of a batch say about themselves when they are traced. */
import type { Settled } from '../ports/sink.js';
import type { TraceFault, TraceStep } from '../ports/tracing.js';
import type { TransformResult } from '../ports/transform-pool.js';
import { type InFlightBatch, type Part, STOPS } from './in-flight-batch.js';

export function endTransform(step: TraceStep, result: TransformResult): void {
  const { rowsDone, outputRows, filteredBy, deadLetteredBy } = result;
  const counts = {
    answered: rowsDone,
    results: outputRows,
    filtered: sum(filteredBy),
    dead_lettered: sum(deadLetteredBy),
  };
  step.end(counts, result.stop === undefined ? undefined : { code: result.stop.code, message: STOPS });
}

export function beginSend(batch: InFlightBatch, part: Part, topicNames: ReadonlyMap<number, string>): void {
  if (batch.trace === undefined) return;
  const records = part.identity ? part.sourceRowCount : part.outputRows;
  if (records === 0) return;
  const [only, ...others] = part.emitted;
  part.trace = batch.trace.send(
    records,
    only === undefined || others.length > 0 || only[1] < records ? undefined : topicNames.get(only[0]),
  );
}

export function endSend(part: Part, { acknowledged, failures, stale }: Settled): void {
  part.trace?.end({ acknowledged, refused: failures.length, stale }, faultOf(failures));
  part.trace = undefined;
}

function faultOf([first, ...others]: Settled['failures']): TraceFault | undefined {
  if (first === undefined) return undefined;
  return { code: first.name, message: `${others.length + 1} results were not accepted` };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
