import type { BatchObservableCallback, Meter, MetricOptions, Observable } from '@opentelemetry/api';
import type { MetricFamily } from '../../ports/metrics.js';
import { type InstrumentKind, type Looks, type Observation, observationsOf } from './observations.js';

export interface ObservedParts {
  readonly meter: Meter;
  /** The attribute that tells the pipelines of a process apart. */
  readonly pipeline: string;
  readonly families: () => readonly MetricFamily[];
  readonly failed: (error: unknown) => void;
}

const CREATE: Readonly<
  Record<InstrumentKind, (meter: Meter, name: string, options: MetricOptions) => Observable>
> = {
  counter: (meter, name, options) => meter.createObservableCounter(name, options),
  'up-down-counter': (meter, name, options) => meter.createObservableUpDownCounter(name, options),
  gauge: (meter, name, options) => meter.createObservableGauge(name, options),
};

/** Answers the SDK's readers with the families of `/metrics`: nothing happens between two looks. */
export class ObservedMetrics {
  private readonly parts: ObservedParts;
  private readonly instruments = new Map<string, Observable>();
  private readonly looks: Looks = new Map();
  /** The instruments with which the callback is registered. */
  private registered: Observable[] = [];
  private ended = false;

  constructor(parts: ObservedParts) {
    this.parts = parts;
    this.refresh();
  }

  /** What the run has begun to count since the last look is among what is reported from now on. */
  refresh(): void {
    this.observe(new Map(), () => undefined);
    if (this.instruments.size > this.registered.length) this.register();
  }

  end(): void {
    this.ended = true;
    this.parts.meter.removeBatchObservableCallback(this.callback, this.registered);
  }

  private readonly callback: BatchObservableCallback = (result) => {
    this.observe(this.looks, (instrument, { labels, value }) => {
      if (Number.isFinite(value))
        result.observe(instrument, value, { ...labels, pipeline: this.parts.pipeline });
    });
    if (this.instruments.size > this.registered.length) setImmediate(() => this.register());
  };

  private observe(looks: Looks, report: (instrument: Observable, observation: Observation) => void): void {
    try {
      for (const family of this.parts.families())
        for (const observation of observationsOf(family, looks))
          report(this.instrumentOf(observation), observation);
    } catch (error) {
      this.parts.failed(error);
    }
  }

  private instrumentOf({ name, kind, help, unit }: Observation): Observable {
    const known = this.instruments.get(name);
    if (known !== undefined) return known;
    const instrument = CREATE[kind](this.parts.meter, name, { description: help, unit });
    this.instruments.set(name, instrument);
    return instrument;
  }

  private register(): void {
    if (this.ended) return;
    const { meter } = this.parts;
    if (this.registered.length > 0) meter.removeBatchObservableCallback(this.callback, this.registered);
    this.registered = [...this.instruments.values()];
    meter.addBatchObservableCallback(this.callback, this.registered);
  }
}
