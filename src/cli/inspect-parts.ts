/** What `validate` looks at beyond the YAML: schemas and the transform. Their errors become problems with the line that names them. */
import type { Loaded } from '../config/load.js';
import { type Problem, Problems } from '../config/problem.js';
import type { ResolvedConfig } from '../config/resolved.js';
import { DispatcherError } from '../core/errors.js';
import { inspectSchema } from '../formats/index.js';
import { formatOf } from '../job-formats.js';
import { inspectTransform } from '../transform/load.js';

export async function inspectParts(config: ResolvedConfig, loaded: Loaded): Promise<readonly Problem[]> {
  const problems = new Problems();
  await inspect(problems, loaded, 'dispatcher.input.schema.path', () => inspectSchema(formatOf(config, 'input')));
  await inspect(problems, loaded, 'dispatcher.output.schema.path', () => inspectSchema(formatOf(config, 'output')));
  const { transform } = config.dispatcher;
  if (transform !== undefined) await inspect(problems, loaded, 'dispatcher.transform', () => inspectTransform(transform));
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
