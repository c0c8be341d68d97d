/** A pipeline among several: starts it, starts it again, and keeps how it ended. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { ExitCode } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import { inArea, type Logger } from '../../ports/logger.js';
import type { Redact } from '../status.js';
import type { Summary } from '../summary.js';
import type { RunningPipeline, RunOutcome } from './pipeline.js';
import { summaryOfNone } from './summary-of-none.js';

/** The first pause before a pipeline is started again; doubles each time. */
export const RESTART_MS = 1_000;
export const RESTART_MS_MAX = 60_000;
/** A pipeline that ran for this long begins with the first pause. */
const STEADY_MS = 60_000;

/**
 * starting · running · waiting: to be started again, since trying again may help · failed: started again when
 * its configuration changes, or by a signal · ended: as it was asked to.
 */
export type MemberState = 'starting' | 'running' | 'waiting' | 'failed' | 'ended';

export interface MemberParts {
  readonly name: string;
  readonly prepare: (config: ResolvedConfig) => Promise<RunningPipeline>;
  /** The newest valid configuration. */
  readonly config: () => ResolvedConfig;
  /** A bounded run is over when it has failed; its command is repeated by whoever gave it. */
  readonly restarts: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly redact: Redact;
  /** Called whenever the state has changed. */
  readonly changed: () => void;
}

export class Member {
  readonly name: string;
  pipeline: RunningPipeline | undefined;
  /** Of the last time that it ran. */
  summary: Summary | undefined;
  /** How often it was started again. */
  restarts = 0;
  private readonly parts: MemberParts;
  private current: MemberState = 'starting';
  private pauseMs = RESTART_MS;
  private stopping = false;
  private cut = false;
  private forceEnd: (() => void) | undefined;
  private cancel: () => void = () => undefined;
  /** What a pipeline that failed was started with. */
  private triedWith: ResolvedConfig | undefined;

  constructor(parts: MemberParts) {
    this.parts = parts;
    this.name = parts.name;
  }

  get state(): MemberState {
    return this.current;
  }

  /** Nothing of it runs, and nothing will by itself. */
  get isOver(): boolean {
    return this.current === 'failed' || this.current === 'ended';
  }

  /** Set when a client did not close in time. */
  get exitNow(): (() => void) | undefined {
    return this.forceEnd;
  }

  start(): void {
    this.cancel();
    this.enter('starting');
    void this.runOnce();
  }

  stop(): void {
    this.stopping = true;
    this.cancel();
    this.pipeline?.stop();
    if (this.current === 'waiting') this.enter('failed');
  }

  cutNow(): void {
    this.cut = true;
    this.stop();
    this.pipeline?.cutNow();
  }

  /** A pipeline that is over begins again by a signal, or with another configuration. */
  reload(cause: 'signal' | 'files', isChanged: (before: ResolvedConfig) => boolean): void {
    if (this.stopping || this.current === 'ended') return;
    if (this.current === 'running') this.pipeline?.reload(cause);
    const isNew = this.triedWith !== undefined && isChanged(this.triedWith);
    if ((this.current === 'failed' || this.current === 'waiting') && (cause === 'signal' || isNew)) {
      this.pauseMs = RESTART_MS;
      this.startAgain();
    }
  }

  private startAgain(): void {
    this.restarts += 1;
    this.start();
  }

  private async runOnce(): Promise<void> {
    const { clock } = this.parts;
    const sinceMs = clock.nowMs();
    const outcome = await this.outcome();
    if (clock.nowMs() - sinceMs >= STEADY_MS) this.pauseMs = RESTART_MS;
    this.summary = outcome.summary;
    this.forceEnd ??= outcome.exitNow;
    this.pipeline = undefined;
    this.over(outcome.summary);
  }

  private async outcome(): Promise<RunOutcome> {
    const startedAt = new Date();
    const config = this.parts.config();
    this.triedWith = config;
    try {
      const pipeline = await this.parts.prepare(config);
      this.pipeline = pipeline;
      if (this.stopping) pipeline.stop();
      if (this.cut) pipeline.cutNow();
      this.enter('running');
      return await pipeline.toEnd();
    } catch (error) {
      const { name, redact } = this.parts;
      return { summary: summaryOfNone(error, { name, redact, startedAt }), exitNow: undefined };
    }
  }

  private over({ exitCode, reason }: Summary): void {
    const { logger, restarts, clock } = this.parts;
    const { code, message, remedy } = reason;
    if (exitCode === ExitCode.done || exitCode === ExitCode.stoppedBeforeEnd) {
      inArea(logger, 'run').info('the pipeline has ended', { code });
      this.enter('ended');
      return;
    }
    const again = restarts && exitCode === ExitCode.unreachable && !this.stopping;
    inArea(logger, 'run').error(`the pipeline has failed: ${message}`, {
      code,
      exitCode,
      ...(remedy === null ? {} : { remedy }),
      ...(again ? { startedAgainInMs: this.pauseMs } : {}),
    });
    this.enter(again ? 'waiting' : 'failed');
    if (!again) return;
    this.cancel = clock.after(this.pauseMs, () => this.startAgain());
    this.pauseMs = Math.min(2 * this.pauseMs, RESTART_MS_MAX);
  }

  private enter(state: MemberState): void {
    this.current = state;
    this.parts.changed();
  }
}
