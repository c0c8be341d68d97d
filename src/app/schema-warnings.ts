/** Which records, written with the job's writer schema, its own schema can't read. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import { DispatcherError } from '../core/errors.js';
import { inspectSchema } from '../formats/index.js';
import type { Logger } from '../ports/logger.js';
import { formatOf } from './job-formats.js';

/** Further warnings are counted, not logged: nobody reads them. */
const WARNINGS_MAX = 20;

export const UNREADABLE_REMEDY =
  'add the symbol or type to the schema of the input, or give its enum a default; a value that never comes ' +
  'needs nothing';

/** The sentence for a warning, from the place and reason that schema resolution gives. */
export function unreadable(reason: string): string {
  return `${reason}; a record with it is rejected (UNREADABLE)`;
}

/** Logs at the start, and after each reload, which records will be rejected. */
export class SchemaWarnings {
  private readonly logger: Logger;
  private logged: ReadonlySet<string> = new Set();

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** Logs the warnings that were not logged for the previous configuration. */
  watch(config: ResolvedConfig): void {
    const reasons = reasonsOf(config);
    const fresh = reasons.filter((reason) => !this.logged.has(reason));
    this.logged = new Set(reasons);
    const { path, writerPath } = config.dispatcher.input.schema ?? {};
    for (const reason of fresh.slice(0, WARNINGS_MAX))
      this.logger.warn(unreadable(reason), { schema: path, writer: writerPath, remedy: UNREADABLE_REMEDY });
    if (fresh.length > WARNINGS_MAX)
      this.logger.warn("more values of the writer can't be read; kd validate lists them", {
        schema: path,
        writer: writerPath,
        more: fresh.length - WARNINGS_MAX,
      });
  }
}

function reasonsOf(config: ResolvedConfig): readonly string[] {
  if (config.dispatcher.input.schema?.writerPath === undefined) return [];
  try {
    return inspectSchema(formatOf(config, 'input'));
  } catch (error) {
    // The workers report the same error, and the run ends with it.
    if (error instanceof DispatcherError) return [];
    throw error;
  }
}
