/** Legs that the test controls, in virtual time. */

import type {
  Adopted,
  Carried,
  Leg,
  Loading,
  Revision,
  RevisionSource,
} from '../../../src/app/reload/leg.js';
import { Accounting } from '../../../src/core/books/accounting.js';
import type { DispatcherError } from '../../../src/core/errors.js';
import type { RunReport, RunStatus } from '../../../src/dispatcher/report.js';
import type { Logger } from '../../../src/ports/logger.js';
import { Random } from '../../support/fakes/random.js';
import { VirtualClock } from '../../support/fakes/virtual-clock.js';
import { NO_PROGRESS, NOTHING_MEASURED } from '../../support/no-progress.js';

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class Lines implements Logger {
  readonly all: Line[] = [];
  private readonly add =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      this.all.push({ level, message, fields });
    };
  error = this.add('error');
  warn = this.add('warn');
  info = this.add('info');
  debug = this.add('debug');

  /** `info the new configuration is in use`. */
  of(...levels: readonly string[]): readonly string[] {
    return this.all
      .filter(({ level }) => levels.includes(level))
      .map(({ level, message }) => `${level} ${message}`);
  }
}

/** Lets everything that is ready happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function newClock(): VirtualClock {
  return new VirtualClock(new Random(1));
}

/** Runs all events of the next `ms` milliseconds. */
export async function pass(clock: VirtualClock, ms: number): Promise<void> {
  const untilMs = clock.nowMs() + ms;
  clock.after(ms, () => undefined);
  await settle();
  while (clock.nowMs() < untilMs && clock.step()) await settle();
}

export type Config = Readonly<Record<string, string>>;

export function revision(name: string): Revision<Config> {
  return { config: { name }, fingerprint: name };
}

export const NOTHING: RunReport = {
  state: 'stopped',
  error: undefined,
  endReached: false,
  records: { ...new Accounting().snapshot(), unsettled: 0 },
  committed: [],
  redelivery: [],
  metrics: [],
  ...NO_PROGRESS,
  latency: { p50Ms: 0, p99Ms: 0 },
  activeMs: 0,
  hung: false,
  ends: undefined,
  openTransactions: [],
};

/** Starts and ends when the test says so; drains immediately unless `drains` is set to false. */
export class PlayedLeg implements Leg {
  readonly config: Config;
  readonly carried: Carried;
  drains = true;
  membership: RunStatus['membership'] = 'owner';
  stops = 0;
  cuts = 0;
  private resolve: (report: RunReport) => void = () => undefined;
  readonly dispatcher: Leg['dispatcher'];

  constructor(config: Config, carried: Carried) {
    this.config = config;
    this.carried = carried;
    const ended = new Promise<RunReport>((resolve) => {
      this.resolve = resolve;
    });
    this.dispatcher = {
      run: () => ended,
      stop: () => {
        this.stops += 1;
        if (this.drains) this.end();
      },
      cutNow: () => {
        this.cuts += 1;
        this.end();
      },
      status: () => ({ state: 'running', membership: this.membership }) as RunStatus,
      standing: () => ({
        partitions: [],
        measured: NOTHING_MEASURED,
        committed: [],
        redelivery: [],
        activeMs: 0,
        metrics: [],
        ...NO_PROGRESS,
      }),
      trace: () => {
        throw new Error('a played leg has no records');
      },
    };
  }

  get name(): string {
    return this.config['name'] ?? '';
  }

  started(): void {
    this.carried.running();
  }

  consume(records: number, transformed = records): void {
    const { accounting, latency } = this.carried.books;
    accounting.consumed(records);
    accounting.transformed(transformed);
    latency.record(10, records);
  }

  end(report: Partial<RunReport> = {}): void {
    const { accounting } = this.carried.books;
    this.resolve({ ...NOTHING, records: { ...accounting.snapshot(), unsettled: 0 }, ...report });
  }

  /** Ends with records that were read but not settled. */
  cut(unsettled: number, report: Partial<RunReport> = {}): void {
    this.end({ ...report, records: { ...this.carried.books.accounting.snapshot(), unsettled } });
  }

  fail(error: DispatcherError): void {
    this.end({ state: 'failed', error });
  }

  bytesOut(): number {
    return 100;
  }

  clients(): readonly [] {
    return [];
  }
}

/** A source of configurations that the test sets. */
export class PlayedSource implements RevisionSource<Config> {
  now: Loading<Config>;
  refused: string | undefined;
  trialFault: Error | undefined;
  loads = 0;
  readonly trials: string[] = [];
  private loading: Promise<void> = Promise.resolve();

  constructor(now: Revision<Config>) {
    this.now = { kind: 'valid', revision: now };
  }

  say(name: string): void {
    this.now = { kind: 'valid', revision: revision(name) };
  }

  /** Loading ends when the returned function is called. */
  holdLoading(): () => void {
    let loaded = (): void => undefined;
    this.loading = new Promise((resolve) => {
      loaded = resolve;
    });
    return () => loaded();
  }

  async load(): Promise<Loading<Config>> {
    this.loads += 1;
    await this.loading;
    return this.now;
  }

  refusal(): string | undefined {
    return this.refused;
  }

  adopt(): Adopted {
    return { now: [], later: [] };
  }

  trial(next: Config): Promise<void> {
    this.trials.push(next['name'] ?? '');
    return this.trialFault === undefined ? Promise.resolve() : Promise.reject(this.trialFault);
  }
}
