/** The configuration of all pipelines as it was last read, and the levels of the log that it asks for. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Loaded } from '../../config/load.js';
import type { LoadedPipelines } from '../../config/pipelines/load-pipelines.js';
import { formatProblem } from '../../config/text/problem.js';
import { DispatcherError } from '../../core/errors.js';
import { equalLevels, type LogLevels } from '../../core/log/areas.js';
import type { Clock } from '../../ports/clock.js';
import { inArea } from '../../ports/logger.js';
import type { ProcessLog } from './pipeline-logger.js';

/** A configuration that was read this recently is not read again: every pipeline asks for it. */
const FRESH_MS = 500;

interface NewestParts {
  readonly first: LoadedPipelines;
  readonly load: () => LoadedPipelines;
  readonly clock: Clock;
  readonly logger: ProcessLog;
}

export class NewestConfiguration {
  private readonly parts: NewestParts;
  private newest: LoadedPipelines;
  private readAtMs: number;
  /** Of the process: pipelines never see them change. */
  private readonly firstLevels: LogLevels | undefined;
  private levels: LogLevels | undefined;

  constructor(parts: NewestParts) {
    this.parts = parts;
    this.newest = parts.first;
    this.readAtMs = parts.clock.nowMs();
    this.firstLevels = levelsOf(parts.first);
    this.levels = this.firstLevels;
  }

  /** `again`: however fresh it is. Undefined: it can't be read, which has been said. */
  read(again: boolean): LoadedPipelines | undefined {
    const { clock, load } = this.parts;
    if (!again && clock.nowMs() - this.readAtMs < FRESH_MS) return this.newest;
    try {
      this.newest = load();
    } catch (error) {
      if (!(error instanceof DispatcherError)) throw error;
      this.complain(error.message);
      return undefined;
    }
    this.readAtMs = clock.nowMs();
    return this.newest;
  }

  /** False after a reported problem. The levels of a whole configuration are used at once. */
  isWhole(loaded: LoadedPipelines): boolean {
    const { pipelines, problems } = loaded;
    if (pipelines.length === 0 || pipelines.some(({ loaded: one }) => one.config === undefined)) {
      const errors = problems.filter(({ severity }) => severity === 'error');
      this.complain(errors.map(formatProblem).join(' | '));
      return false;
    }
    this.useLevels(levelsOf(loaded));
    return true;
  }

  /** That of one pipeline, for its own reload. */
  of(name: string): Loaded {
    const { problems, pipelines } = this.read(false) ?? this.newest;
    const one = pipelines.find((pipeline) => pipeline.name === name)?.loaded;
    if (one?.config !== undefined) return { ...one, config: this.withLevels(one.config) };
    // It is removed, or its file is faulty.
    const any = one ?? pipelines[0]?.loaded ?? this.parts.first.pipelines[0]?.loaded;
    if (any === undefined) throw new DispatcherError('DEFECT', 'there is no pipeline');
    return { ...any, config: undefined, problems };
  }

  withLevels(config: ResolvedConfig): ResolvedConfig {
    const level = this.firstLevels ?? config.logging.level;
    return { ...config, logging: { ...config.logging, level } };
  }

  private useLevels(levels: LogLevels | undefined): void {
    if (levels === undefined || this.levels === undefined || equalLevels(levels, this.levels)) return;
    this.levels = levels;
    const { logger } = this.parts;
    logger.setLevels(levels);
    inArea(logger, 'reload').info('the levels of the log have changed', { ...levels });
  }

  private complain(why: string): void {
    inArea(this.parts.logger, 'reload').error(
      'the new configuration is faulty; pipelines that run continue with theirs',
      { why },
    );
  }
}

function levelsOf({ pipelines }: LoadedPipelines): LogLevels | undefined {
  return pipelines.find(({ loaded }) => loaded.config !== undefined)?.loaded.config?.logging.level;
}
