/**
 * Events of a run for schedulers: `started`, `progress` at an interval, `finished`. Their fields have the
 * names that they have in the summary.
 */
import type { RunStatus } from '../../dispatcher/report.js';
import type { Clock } from '../../ports/clock.js';
import { version } from '../../version.js';
import type { RunView } from '../endpoints.js';
import { type Redact, type Snapshot, viewSnapshot } from '../status.js';
import type { Summary } from '../summary.js';

export type RunEvent =
  | StartedEvent
  | (EventHead<'progress'> & ProgressFields)
  | (EventHead<'finished'> & Summary);

interface EventHead<Event extends string> {
  readonly event: Event;
  /** When it was written, ISO 8601. */
  readonly at: string;
}

type StartedEvent = EventHead<'started'> &
  Pick<Snapshot, 'schema' | 'name' | 'startedAt'> & {
    readonly version: string;
    /** The name of what runs, as in the log. */
    readonly run: Readonly<Record<string, unknown>>;
    /** Its times are known when it has finished. */
    readonly range: Pick<Snapshot['range'], 'partitions'>;
  };

type ProgressFields = Pick<
  Snapshot,
  'schema' | 'name' | 'state' | 'startedAt' | 'elapsedSeconds' | 'records' | 'bytes' | 'rate' | 'progress'
> & {
  readonly lag: number | null;
  readonly stalled: string | null;
  /** Another group's lag keeps the run from reading faster. */
  readonly slowed: RunStatus['slowed'] | null;
  readonly partitions: number;
};

/** Takes events without blocking; what it can't take, it drops with a warning. */
export interface EventSink {
  write(event: RunEvent): void;
  /** Resolves when everything is written, or after `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

export interface RunEventsParts {
  readonly name: string;
  readonly view: RunView;
  readonly run: Readonly<Record<string, unknown>>;
  readonly sinks: readonly EventSink[];
  readonly intervalMs: number;
  readonly clock: Clock;
}

/** Interval at which the range of the run is looked for, because `started` reports it. */
const LOOK_INTERVAL_MS = 100;
/** How long the last event may take. */
const FLUSH_MS = 5_000;

export class RunEvents {
  private readonly parts: RunEventsParts;
  private cancel: () => void = () => undefined;
  private hasStarted = false;

  constructor(parts: RunEventsParts) {
    this.parts = parts;
  }

  start(): void {
    const { sinks, intervalMs, clock } = this.parts;
    if (sinks.length > 0) this.startWhenPlaced(clock.nowMs() + intervalMs);
  }

  /** Says nothing more by itself. */
  stop(): void {
    this.cancel();
  }

  /** The last event. Resolves when the sinks have it. */
  async finish(summary: Summary): Promise<void> {
    this.started();
    await writeFinished(this.parts.sinks, summary);
  }

  private startWhenPlaced(lateMs: number): void {
    const { view, clock } = this.parts;
    this.cancel = clock.after(LOOK_INTERVAL_MS, () => {
      if (!isPlaced(view.status()) && clock.nowMs() < lateMs) return this.startWhenPlaced(lateMs);
      this.started();
      this.progressLater();
    });
  }

  private progressLater(): void {
    const { clock, intervalMs } = this.parts;
    this.cancel = clock.after(intervalMs, () => {
      this.progress();
      this.progressLater();
    });
  }

  /** The first event of every run, also of one that ended before its range was known. */
  private started(): void {
    if (this.hasStarted) return;
    this.hasStarted = true;
    const { name, view } = this.parts;
    const run = masked(this.parts.run, view.redact);
    const { schema, startedAt, range } = viewSnapshot(name, view);
    const { partitions } = range;
    const at = new Date().toISOString();
    this.write({ event: 'started', at, schema, name, version, startedAt, run, range: { partitions } });
  }

  private progress(): void {
    const { name, view } = this.parts;
    const { stalled, slowed, lag, owned } = view.status();
    const now = viewSnapshot(name, view);
    const { schema, state, startedAt, elapsedSeconds, records, bytes, rate, progress } = now;
    this.write({
      event: 'progress',
      at: new Date().toISOString(),
      ...{ schema, name, state, startedAt, elapsedSeconds, records, bytes, rate, progress },
      lag: lag ?? null,
      stalled: stalled === undefined ? null : view.redact(stalled),
      slowed: slowed ?? null,
      partitions: owned,
    });
  }

  private write(event: RunEvent): void {
    for (const sink of this.parts.sinks) sink.write(event);
  }
}

/** For a job that was already finished, it is the only event. Resolves when the sinks have it. */
export async function writeFinished(sinks: readonly EventSink[], summary: Summary): Promise<void> {
  const event = { event: 'finished', at: new Date().toISOString(), ...summary } as const;
  for (const sink of sinks) sink.write(event);
  await Promise.all(sinks.map((sink) => sink.close(FLUSH_MS)));
}

function masked(fields: RunEventsParts['run'], redact: Redact): RunEventsParts['run'] {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value]),
  );
}

function isPlaced({ state, isPlaced: rangeKnown }: RunStatus): boolean {
  return state === 'running' && rangeKnown;
}
