import type { LogArea } from '../../core/log/areas.js';
import { inArea, LeveledLogger, type Logger, type LogMethod } from '../../ports/logger.js';
import type { ClosableLogger } from '../compose/logging.js';

/** What a pipeline needs of a log: it does not end it. */
export type PipelineLog = Logger & Pick<ClosableLogger, 'setLevels'>;

/** What several pipelines need of the log that they share: they do not end it. */
export type ProcessLog = Logger & Pick<ClosableLogger, 'setLevels' | 'with'>;

/** The process's log, with the pipeline's name in every line. Levels are those of the process. */
export class PipelineLogger extends LeveledLogger implements PipelineLog {
  private readonly logger: ProcessLog;
  private readonly named: Logger;

  constructor(logger: ProcessLog, pipeline: string) {
    super();
    this.logger = logger;
    this.named = logger.with({ pipeline });
  }

  readonly in = (area: LogArea): Logger => inArea(this.named, area);

  setLevels(levels: Parameters<ClosableLogger['setLevels']>[0]): void {
    this.logger.setLevels(levels);
  }

  protected override log(
    level: LogMethod,
    message: string,
    fields: Readonly<Record<string, unknown>> | undefined,
  ): void {
    this.named[level](message, fields);
  }
}
