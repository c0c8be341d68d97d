/** One side of the job in the form that the formats need. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { FormatSpec } from '../formats/format.js';

/**
 * The format and schema of the job's input or output; both read and write longs as the input's setting says.
 */
export function formatOf(
  { dispatcher: { input, output } }: Pick<ResolvedConfig, 'dispatcher'>,
  side: 'input' | 'output',
): FormatSpec {
  const { format, schema } = side === 'input' ? input : output;
  const { long } = input;
  if (schema === undefined) return { format, long };
  const { path, writerPath, references } = schema;
  return {
    format,
    long,
    unknownFields: output.unknownFields,
    schema: { path, references, ...(writerPath === undefined ? {} : { writerPath }) },
  };
}
