/**
 * Digests of everything that decides a job's results, so that a job is not finished with another transform or
 * configuration than it was begun with. Secrets, brokers and tuning are not part of it.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, relative } from 'node:path';
import type { ResolvedConfig, SchemaFiles } from '../../config/keys/resolved.js';
import type { DigestedParts } from '../../core/jobs/job-record.js';
import { modulesOf } from '../../transform/load/modules.js';
import { isReadCommitted } from '../compose/offsets.js';
import { fileDigest } from '../reload/file-digest.js';

const DIGEST_CHARACTERS = 16;

/** By the key that a user would change. */
export async function digestedParts(config: ResolvedConfig): Promise<DigestedParts> {
  const { consumer, producer, dispatcher } = config;
  const { schema: inputSchema, ...input } = dispatcher.input;
  const { schema: outputSchema, ...output } = dispatcher.output;
  const { transform } = dispatcher;
  const values: Readonly<Record<string, unknown>> = {
    'kafka.consumer.topics': consumer.topics,
    'isolation.level of the consumer': isReadCommitted(consumer.properties),
    'kafka.producer.topic': producer.topic,
    'dispatcher.transform': transform === undefined ? undefined : await moduleDigests(transform),
    'dispatcher.options': dispatcher.options,
    'dispatcher.input': input,
    'dispatcher.input.schema': await schemaDigests(inputSchema),
    'dispatcher.output': output,
    'dispatcher.output.schema': await schemaDigests(outputSchema),
    'dispatcher.delivery': dispatcher.delivery,
    'dispatcher.ordering': dispatcher.ordering,
    'dispatcher.dead-letter.topic': dispatcher.deadLetterTopic,
    'dispatcher.dead-letter.timestamp': dispatcher.deadLetter.timestamp,
    'dispatcher.unknown-topic': dispatcher.unknownTopic,
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, digest(value)]])),
  );
}

/** With paths relative to the transform's folder: a job may be resumed in another folder. */
async function moduleDigests(transform: string): Promise<readonly string[]> {
  const folder = dirname(transform);
  const files = await modulesOf(transform);
  const digests = files.map(async (file) => `${relative(folder, file)} ${await fileDigest(file)}`);
  return (await Promise.all(digests)).sort();
}

async function schemaDigests(schema: SchemaFiles | undefined): Promise<readonly string[] | undefined> {
  if (schema === undefined) return undefined;
  const { path, writerPath, references } = schema;
  const files = [path, ...(writerPath === undefined ? [] : [writerPath]), ...references];
  return Promise.all(files.map(async (file) => `${basename(file)} ${await fileDigest(file)}`));
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('hex').slice(0, DIGEST_CHARACTERS);
}

/** The order in which a file names its keys means nothing. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
