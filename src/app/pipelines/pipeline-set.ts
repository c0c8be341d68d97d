/** Several pipelines in one process: begins, reloads, adds and removes them, and knows when all are over. */

import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { LoadedPipelines } from '../../config/pipelines/load-pipelines.js';
import type { Share } from '../../config/pipelines/shares.js';
import { fingerprint } from '../../config/show/fingerprint.js';
import type { Clock } from '../../ports/clock.js';
import { inArea } from '../../ports/logger.js';
import type { Redact } from '../status.js';
import type { Summary } from '../summary.js';
import { Member } from './member.js';
import { NewestConfiguration } from './newest-configuration.js';
import type { RunningPipeline } from './pipeline.js';
import type { PipelineJob } from './pipeline-job.js';
import { PipelineLogger, type ProcessLog } from './pipeline-logger.js';

/** Summaries of removed pipelines that are kept for the summary of all, the newest. */
export const REMOVED_MAX = 100;

export interface PipelineSetParts {
  readonly first: LoadedPipelines;
  /** Reads all configurations again; pipelines keep the shares that they have. */
  readonly load: (granted: ReadonlyMap<string, Share>) => LoadedPipelines;
  /** What a pipeline needs besides its configuration and its log. */
  readonly prepare: (job: Pick<PipelineJob, 'config' | 'logger' | 'loadAgain'>) => Promise<RunningPipeline>;
  readonly restarts: boolean;
  readonly clock: Clock;
  readonly logger: ProcessLog;
  readonly redact: Redact;
}

export class PipelineSet {
  readonly members = new Map<string, Member>();
  /** How those ended that a reload has removed. */
  readonly removed: Summary[] = [];
  private readonly parts: PipelineSetParts;
  /** The newest valid configuration of each pipeline. */
  private readonly configs = new Map<string, ResolvedConfig>();
  private readonly removing = new Set<Member>();
  private readonly granted = new Map<string, Share>();
  private readonly newest: NewestConfiguration;
  private stopping = false;
  private over: () => void = () => undefined;

  constructor(parts: PipelineSetParts) {
    this.parts = parts;
    const { load } = parts;
    this.newest = new NewestConfiguration({ ...parts, load: () => load(this.granted) });
  }

  /** Resolves when no pipeline runs, and none will be started again. */
  run(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.over = resolve;
    });
    this.take(this.parts.first);
    for (const member of this.members.values()) member.start();
    return ended;
  }

  stop(): void {
    this.stopping = true;
    for (const member of this.all()) member.stop();
    this.changed();
  }

  cutNow(): void {
    this.stopping = true;
    for (const member of this.all()) member.cutNow();
  }

  reload(cause: 'signal' | 'files'): void {
    if (this.stopping) return;
    const { logger } = this.parts;
    const loaded = this.newest.read(cause === 'signal');
    if (loaded === undefined) return;
    // A faulty file may hold the name of a pipeline that runs.
    if (this.newest.isWhole(loaded)) this.removeAllBut(new Set(loaded.pipelines.map(({ name }) => name)));
    const before = new Map(this.configs);
    const added = this.take(loaded);
    for (const member of this.members.values())
      if (!added.includes(member))
        member.reload(cause, (tried) => this.hasChanged(member.name, tried, before));
    for (const member of added) {
      inArea(logger, 'reload').info('a pipeline was added', { pipeline: member.name });
      member.start();
    }
  }

  private all(): readonly Member[] {
    return [...this.members.values(), ...this.removing];
  }

  /** Takes over what is valid; returns the members that are new. */
  private take({ pipelines, shares }: LoadedPipelines): readonly Member[] {
    const added: Member[] = [];
    for (const { name, loaded } of pipelines) {
      if (loaded.config === undefined) continue;
      this.configs.set(name, this.newest.withLevels(loaded.config));
      const isLeaving = [...this.removing].some((member) => member.name === name);
      if (this.members.has(name) || isLeaving) continue;
      const share = shares.get(name);
      if (share !== undefined) this.granted.set(name, share);
      const member = this.memberOf(name, loaded.config);
      this.members.set(name, member);
      added.push(member);
    }
    return added;
  }

  private memberOf(name: string, first: ResolvedConfig): Member {
    const { prepare, restarts, clock, redact } = this.parts;
    const logger = new PipelineLogger(this.parts.logger, name);
    return new Member({
      name,
      prepare: (config) => prepare({ config, logger, loadAgain: () => this.newest.of(name) }),
      config: () => this.configs.get(name) ?? first,
      restarts,
      clock,
      logger,
      redact,
      changed: () => this.changed(),
    });
  }

  private removeAllBut(names: ReadonlySet<string>): void {
    for (const [name, member] of this.members) {
      if (names.has(name)) continue;
      inArea(this.parts.logger, 'reload').info('a pipeline was removed: draining it', { pipeline: name });
      this.members.delete(name);
      this.configs.delete(name);
      this.removing.add(member);
      member.stop();
    }
    this.changed();
  }

  private hasChanged(
    name: string,
    tried: ResolvedConfig,
    before: ReadonlyMap<string, ResolvedConfig>,
  ): boolean {
    const now = this.configs.get(name);
    if (now === undefined || now === before.get(name)) return false;
    return fingerprint(now, new Map()) !== fingerprint(tried, new Map());
  }

  private changed(): void {
    for (const member of [...this.removing]) {
      if (!member.isOver) continue;
      this.removing.delete(member);
      this.granted.delete(member.name);
      this.keep(member);
      // It may have been added again meanwhile.
      if (!this.stopping) this.parts.clock.after(0, () => this.reload('files'));
    }
    if (this.all().every((member) => member.isOver)) this.over();
  }

  private keep({ name, summary }: Member): void {
    const { exitCode, records } = summary ?? {};
    inArea(this.parts.logger, 'reload').info('the removed pipeline has ended', {
      pipeline: name,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...records,
    });
    if (summary === undefined) return;
    this.removed.push(summary);
    if (this.removed.length > REMOVED_MAX) this.removed.shift();
  }
}
