/** One pipeline: from its configuration to its summary, without anything that belongs to the process. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { RunStatus } from '../../dispatcher/report.js';
import { inArea } from '../../ports/logger.js';
import type { Telemetry } from '../../ports/telemetry.js';
import { startTelemetry } from '../compose/endpoints.js';
import { exitNow } from '../compose/librdkafka.js';
import { refuseOwnGroup, watchingOf } from '../compose/throttle.js';
import { type Answers, answersOf } from '../endpoints.js';
import { RunEvents } from '../progress/events.js';
import { realClock } from '../real-clock.js';
import { RunReceipt } from '../receipts/run-receipt.js';
import { ExpiryWatch } from '../reload/expiry.js';
import type { FileWatch } from '../reload/file-watch.js';
import { SchemaWarnings } from '../schema-warnings.js';
import { viewSnapshot } from '../status.js';
import type { RunView } from '../status-body.js';
import { type Summary, summarize } from '../summary.js';
import { type Observed, observed } from '../telemetry.js';
import { LagThrottle } from '../throttle/lag-throttle.js';
import { whatIsRun } from '../what-is-run.js';
import type { PipelineJob } from './pipeline-job.js';
import { makeRunner, type Runner } from './runner.js';

export interface RunOutcome {
  readonly summary: Summary;
  /** Set when a client did not close in time, or telemetry was not sent: the process does not wait for it. */
  readonly exitNow: (() => void) | undefined;
}

interface PipelineParts {
  readonly job: PipelineJob;
  readonly runner: Runner;
  readonly watch: FileWatch | undefined;
  readonly expiry: ExpiryWatch;
  readonly throttle: LagThrottle;
  readonly receipt: RunReceipt | undefined;
  readonly telemetry: Telemetry | undefined;
  /** Watches what the configuration in use names: certificates, schemas, groups. */
  readonly inForce: (config: ResolvedConfig) => void;
}

export class Pipeline {
  readonly name: string;
  readonly view: RunView;
  readonly answers: Answers;
  private readonly parts: PipelineParts;
  private readonly events: RunEvents;

  private constructor(parts: PipelineParts) {
    this.parts = parts;
    const { job, runner, expiry } = parts;
    const { config, until, redact } = job;
    this.name = config.name;
    this.view = {
      startedAt: new Date(),
      status: () => runner.status(),
      standing: () => runner.standing(),
      usage: () => job.usage(runner.status().records.consumed),
      bytesOut: () => runner.bytesOut(),
      clients: () => runner.clients(),
      reloads: () => runner.reloadStatus,
      redact,
      certificates: () => expiry.expiries(),
      config: () => job.shown?.(runner.config),
      memoryLimit: () => runner.config.memoryLimit,
      trace: (place) => runner.trace(place),
    };
    this.answers = answersOf({ name: config.name, group: config.consumer.groupId }, this.view);
    this.events = new RunEvents({
      name: config.name,
      view: this.view,
      run: whatIsRun(config, until),
      clock: realClock,
      ...(job.events ?? { sinks: [], intervalMs: 0 }),
    });
  }

  /** Rejects when the run can't begin. */
  static async prepare(job: PipelineJob): Promise<Pipeline> {
    const { config, logger } = job;
    refuseOwnGroup(config);
    const ofConfig = inArea(logger, 'config');
    const expiry = new ExpiryWatch({ logger: ofConfig, clock: realClock, now: () => new Date() });
    const schemas = new SchemaWarnings(ofConfig);
    const receipt = job.receipt === undefined ? undefined : await RunReceipt.begin(job.receipt, job);
    const telemetry = await startTelemetry(config, logger);
    const throttle = new LagThrottle({
      logger: inArea(logger, 'jobs'),
      clock: realClock,
      readRecords: () => runner.status().records.consumed,
    });
    const inForce = (next: ResolvedConfig): void => {
      expiry.watch(next);
      schemas.watch(next);
      receipt?.inForce(next);
      throttle.use(watchingOf(next, logger));
    };
    const { runner, watch } = await makeRunner(job, { inForce, throttle, receipt, telemetry });
    const pipeline = new Pipeline({ job, runner, watch, expiry, throttle, receipt, telemetry, inForce });
    job.observe?.(() => viewSnapshot(config.name, pipeline.view));
    return pipeline;
  }

  get config(): ResolvedConfig {
    return this.parts.runner.config;
  }

  status(): RunStatus {
    return this.parts.runner.status();
  }

  reload(cause: 'signal' | 'files'): void {
    this.parts.runner.reload(cause);
  }

  /** Drains and ends. Idempotent. */
  stop(): void {
    this.parts.runner.stop();
  }

  /** Stops waiting for the drain. */
  cutNow(): void {
    this.parts.runner.cutNow();
  }

  async toEnd(): Promise<RunOutcome> {
    return this.conclude(await this.run());
  }

  /** Runs until stopped, done or failed. */
  async run(): Promise<Observed> {
    const { job, runner, watch, expiry, throttle, telemetry, inForce } = this.parts;
    const { config, until, logger, service } = job;
    const served = { name: config.name, status: () => runner.status() };
    service?.add(served);
    try {
      this.events.start();
      inArea(logger, 'run').info('running', whatIsRun(config, until));
      inForce(config);
      watch?.start();
      const ended = await observed(telemetry, this.answers.metrics, () => runner.run());
      watch?.stop();
      expiry.stop();
      await throttle.close();
      return ended;
    } finally {
      this.events.stop();
      service?.remove(served);
    }
  }

  /** How it ended is in the summary. */
  async conclude({ report, flushed }: Observed): Promise<RunOutcome> {
    const { job, runner, receipt } = this.parts;
    const { config, until, redact } = job;
    const ended = summarize(report, {
      name: config.name,
      startedAt: this.view.startedAt,
      at: new Date(),
      bytesOut: runner.bytesOut(),
      usage: job.usage(report.records.consumed),
      redact,
      reloads: runner.reloadStatus.count,
      stoppedBeforeEnd: until === 'end' && !report.endReached && report.error === undefined,
    });
    const summary = (await job.conclude?.(ended)) ?? ended;
    await receipt?.ended({ state: summary.state, exitCode: summary.exitCode, report });
    // The last: a reader of events may keep it waiting.
    await this.events.finish(summary);
    return { summary, exitNow: report.hung || !flushed ? () => exitNow(summary.exitCode) : undefined };
  }
}

/** A pipeline to those that only use it. */
export type RunningPipeline = Pick<
  Pipeline,
  'view' | 'answers' | 'config' | 'status' | 'reload' | 'stop' | 'cutNow' | 'toEnd'
>;
