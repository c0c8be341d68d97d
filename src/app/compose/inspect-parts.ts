/**
 * The checks of `validate` beyond the YAML: librdkafka's own checks, schemas, the transform, AWS's package
 * for tokens. Errors become problems with the line of the key.
 */

import { inspectTransform } from '../../adapters/pool/inspect-transform.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Loaded } from '../../config/load.js';
import { type Origin, type Problem, Problems } from '../../config/text/problem.js';
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import type { DeclaredFields } from '../../formats/fields/declared.js';
import { inspectSchema } from '../../formats/index.js';
import { loadCodecs } from '../../formats/on-demand.js';
import { loadTokenProvider } from '../../kafka/tokens/token-source.js';
import { formatOf } from '../job-formats.js';
import { UNREADABLE_REMEDY, unreadable } from '../schema-warnings.js';
import { inspectClients } from './inspect-clients.js';

export async function inspectParts(config: ResolvedConfig, loaded: Loaded): Promise<readonly Problem[]> {
  const problems = new Problems();
  inspectClients(problems, config, loaded);
  for (const side of ['input', 'output'] as const) {
    const key = `dispatcher.${side}.schema.path`;
    await inspect(problems, loaded, key, () => {
      for (const reason of inspectSchema(formatOf(config, side)))
        problems.warning(originOf(loaded, key), shownKey(key), unreadable(reason), UNREADABLE_REMEDY);
    });
  }
  const schemasAreBad = problems
    .list()
    .some(({ severity, key }) => severity === 'error' && SCHEMA.test(key ?? ''));
  const { transform } = config.dispatcher;
  if (transform !== undefined)
    await inspect(problems, loaded, 'dispatcher.transform', async () => {
      const { declared } = await inspectTransform(transform);
      if (declared !== undefined && !schemasAreBad) await inspectFields(config, declared);
    });
  for (const side of ['consumer', 'producer'] as const) await inspectSigner(problems, side, config, loaded);
  return problems.list();
}

const SCHEMA = /^dispatcher\.(input|output)\.schema/;

/** The declared fields fit the formats and the schemas. */
async function inspectFields(config: ResolvedConfig, declared: DeclaredFields): Promise<void> {
  await loadCodecs({ input: formatOf(config, 'input'), output: formatOf(config, 'output') }, declared);
}

/**
 * Loaded as a run loads it. The user's own token provider is not loaded: it may request tokens as soon as it
 * is imported.
 */
async function inspectSigner(
  problems: Problems,
  side: ClientSide,
  config: ResolvedConfig,
  loaded: Loaded,
): Promise<void> {
  const { tokens, bootstrapServers } = config[side];
  if (tokens?.kind !== 'msk-iam') return;
  const mechanism = loaded.details.clients[side].get('sasl.mechanisms');
  try {
    await loadTokenProvider(tokens, bootstrapServers);
  } catch (error) {
    if (!(error instanceof DispatcherError)) throw error;
    problems.error(
      mechanism?.origin,
      mechanism?.key ?? 'kafka.properties.sasl.mechanism',
      error.message,
      error.remedy,
    );
  }
}

async function inspect(problems: Problems, loaded: Loaded, key: string, look: () => unknown): Promise<void> {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof DispatcherError)) throw error;
    problems.error(originOf(loaded, key), shownKey(key), error.message, error.remedy);
  }
}

function originOf(loaded: Loaded, key: string): Origin | undefined {
  return loaded.details.settings.origin(key);
}

/** As the user writes it: a schema is usually only a path. */
function shownKey(key: string): string {
  return key.replace(/\.path$/, '');
}
