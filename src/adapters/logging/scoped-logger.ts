import type { LogArea, LogLevel } from '../../core/log/areas.js';
import { LeveledLogger, type Logger } from '../../ports/logger.js';

type Fields = Readonly<Record<string, unknown>>;

/** What the lines of a logger have in common. */
export interface LogScope {
  readonly area: LogArea | undefined;
  /** Fields of every line, for example the pipeline. Equal messages of two scopes are not equal. */
  readonly fields: Fields;
}

export type WriteLine = (scope: LogScope, level: LogLevel, message: string, fields: Fields) => void;

/** A log as one part of the program sees it. */
export abstract class ScopedLogger extends LeveledLogger {
  protected readonly scope: LogScope;
  readonly #areas = new Map<LogArea, Logger>();

  constructor(scope: LogScope) {
    super();
    this.scope = scope;
  }

  readonly in = (area: LogArea): Logger => {
    const known = this.#areas.get(area);
    if (known !== undefined) return known;
    const made = this.scoped({ ...this.scope, area });
    this.#areas.set(area, made);
    return made;
  };

  /** The same log with further fields in every line. */
  with(fields: Fields): Logger {
    return this.scoped({ ...this.scope, fields: { ...this.scope.fields, ...fields } });
  }

  protected override log(level: LogLevel, message: string, fields: Fields = {}): void {
    this.write(this.scope, level, message, fields);
  }

  protected abstract readonly write: WriteLine;

  private scoped(scope: LogScope): ScopedLogger {
    return new Branch(scope, this.write);
  }
}

class Branch extends ScopedLogger {
  protected override readonly write: WriteLine;

  constructor(scope: LogScope, write: WriteLine) {
    super(scope);
    this.write = write;
  }
}
