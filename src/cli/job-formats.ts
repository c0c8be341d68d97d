/** A side of the job as the formats want it. */

import type { ResolvedConfig } from '../config/resolved.js';
import type { FormatSpec } from '../formats/format.js';

/** The format and schema of the job's input or output. */
export function formatOf(config: ResolvedConfig, side: 'input' | 'output'): FormatSpec {
  const { input, output } = config.dispatcher;
  const { format, schema } = side === 'input' ? input : output;
  if (schema === undefined) return { format, long: input.long };
  const { path, writerPath, references } = schema;
  return { format, long: input.long, schema: { path, references, ...(writerPath === undefined ? {} : { writerPath }) } };
}
