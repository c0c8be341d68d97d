/** What the running job answers to `/why`, read as text from elsewhere. */

import { DispatcherError } from '../../core/errors.js';
import type { RecordPlace } from '../../dispatcher/trace.js';
import { askJob } from '../running/ask-job.js';
import { Fields } from '../running/fields.js';
import type { JobAddress } from '../running/job-address.js';

/** A record in flight. */
export interface FlightSeen extends RecordPlace {
  readonly stage: string;
  readonly ageMs: number;
  readonly worker:
    | { readonly thread: number; readonly stillMs: number; readonly isAtIt: boolean }
    | undefined;
  readonly outcome: { readonly kind: string; readonly code: string } | undefined;
  readonly behind: RecordPlace | undefined;
}

export interface TraceSeen {
  readonly owned: boolean;
  readonly begunAt: number | undefined;
  readonly until: number | undefined;
  readonly position: number | undefined;
  readonly settled: boolean;
  readonly inFlight: FlightSeen | undefined;
  readonly waitingFor: FlightSeen | undefined;
}

export interface RunningSeen {
  readonly name: string;
  readonly group: string;
  readonly state: string;
  readonly notReady: string | undefined;
  readonly stallRemedy: string | undefined;
  readonly recordsPerSecond: number;
  readonly filterReasons: readonly string[];
  readonly outputTopics: readonly string[];
  /** Undefined: it reads nothing at the moment. */
  readonly trace: TraceSeen | undefined;
}

export interface Asked {
  readonly url: string;
  /** Undefined: no answer, for this reason. */
  readonly running: RunningSeen | undefined;
  readonly why: string;
}

/** Never rejects for want of an answer: the topics can be asked all the same. */
export async function askRunning(address: JobAddress, place: RecordPlace): Promise<Asked> {
  const { topic, partition, offset } = place;
  const { url, pipeline } = address;
  const query = new URLSearchParams({ topic, partition: String(partition), offset: String(offset) });
  if (pipeline !== undefined) query.set('pipeline', pipeline);
  try {
    const running = seen(new Fields(await askJob(address, `/why?${query.toString()}`)), place);
    return { url, running, why: 'answered' };
  } catch (error) {
    if (!(error instanceof DispatcherError)) throw error;
    return { url, running: undefined, why: error.message };
  }
}

function seen(body: Fields, place: RecordPlace): RunningSeen | undefined {
  if (body.number('schema') !== 1) return undefined;
  return {
    name: body.text('name') ?? '',
    group: body.text('group') ?? '',
    state: body.text('state') ?? 'unknown',
    notReady: body.text('notReady'),
    stallRemedy: body.text('stallRemedy'),
    recordsPerSecond: body.count('recordsPerSecond'),
    filterReasons: body.texts('filterReasons'),
    outputTopics: body.texts('outputTopics'),
    trace: body.has('trace') ? traceIn(body.in('trace'), place) : undefined,
  };
}

function traceIn(trace: Fields, place: RecordPlace): TraceSeen {
  return {
    owned: trace.flag('owned') ?? false,
    begunAt: trace.number('begunAt'),
    until: trace.number('until'),
    position: trace.number('position'),
    settled: trace.flag('settled') ?? false,
    inFlight: trace.has('inFlight') ? flightIn(trace.in('inFlight'), place) : undefined,
    waitingFor: trace.has('waitingFor') ? flightIn(trace.in('waitingFor'), place) : undefined,
  };
}

function flightIn(flight: Fields, place: RecordPlace): FlightSeen {
  const worker = flight.in('worker');
  const outcome = flight.in('outcome');
  return {
    ...placeIn(flight, place),
    stage: flight.text('stage') ?? '',
    ageMs: flight.count('ageMs'),
    worker: flight.has('worker')
      ? {
          thread: worker.count('thread'),
          stillMs: worker.count('stillMs'),
          isAtIt: worker.flag('isAtIt') ?? false,
        }
      : undefined,
    outcome: flight.has('outcome')
      ? { kind: outcome.text('kind') ?? '', code: outcome.text('code') ?? '' }
      : undefined,
    behind: flight.has('behind') ? placeIn(flight.in('behind'), place) : undefined,
  };
}

function placeIn(fields: Fields, place: RecordPlace): RecordPlace {
  return {
    topic: fields.text('topic') ?? place.topic,
    partition: fields.number('partition') ?? place.partition,
    offset: fields.count('offset'),
  };
}
