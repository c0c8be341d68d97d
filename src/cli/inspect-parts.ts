/** What `validate` looks at beyond the YAML: schemas and the transform. Their errors become problems with the line that names them. */
import type { Loaded } from '../config/load.js';
import { Problems, type Problem } from '../config/problem.js';
import type { ResolvedConfig, SchemaFiles } from '../config/resolved.js';
import { DispatcherError } from '../core/errors.js';
import { type FormatSpec, inspectSchema } from '../formats/index.js';

export async function inspectParts(config: ResolvedConfig, loaded: Loaded): Promise<readonly Problem[]> {
  const problems = new Problems();
  const { input, output } = config.dispatcher;
  await inspect(problems, loaded, 'dispatcher.input.schema.path', () => inspectSchema(formatSpec(input)));
  await inspect(problems, loaded, 'dispatcher.output.schema.path', () => inspectSchema(formatSpec({ ...output, long: input.long })));
  return problems.list();
}

async function inspect(problems: Problems, loaded: Loaded, key: string, look: () => unknown): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof DispatcherError)) throw error;
    problems.error(loaded.details.settings.origin(key), key.replace(/\.path$/, ''), error.message, error.remedy);
  }
}

function formatSpec(side: { format: FormatSpec['format']; schema: SchemaFiles | undefined; long: 'number' | 'bigint' }): FormatSpec {
  const { format, schema, long } = side;
  if (schema === undefined) return { format, long };
  const { path, writerPath, references } = schema;
  return { format, long, schema: { path, references, ...(writerPath === undefined ? {} : { writerPath }) } };
}
