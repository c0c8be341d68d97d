/** Tells whether two configurations would create the same clients, threads and transform. */
import { createHash } from 'node:crypto';
import type { ClusterConfig, ResolvedConfig } from '../keys/resolved.js';

/** Files that a run reads outside the configuration: their contents are part of the fingerprint. */
export function filesBeside(config: ResolvedConfig): readonly string[] {
  const { transform, input, output } = config.dispatcher;
  const schemas = [input.schema, output.schema].flatMap((schema) =>
    schema === undefined
      ? []
      : [schema.path, ...(schema.writerPath === undefined ? [] : [schema.writerPath]), ...schema.references],
  );
  return [
    ...(transform === undefined ? [] : [transform]),
    ...schemas,
    ...[config.consumer, config.producer].flatMap(filesOfCluster),
  ];
}

/** Read by librdkafka (`ssl.ca.location`), or a module of the user. */
function filesOfCluster({ properties, watchedFiles, tokens }: ClusterConfig): readonly string[] {
  const read = [...properties.values()].filter((value) => watchedFiles.includes(value));
  return tokens?.kind === 'module' ? [...read, tokens.path] : read;
}

/** `digests`: of the files above. A fingerprint does not reveal secrets. */
export function fingerprint(config: ResolvedConfig, digests: ReadonlyMap<string, string>): string {
  const { consumer, producer, dispatcher } = config;
  const { reloadIntervalMs: _interval, reloadTimeoutMs: _timeout, ...job } = dispatcher;
  const parts = { consumer: used(consumer), producer: used(producer), job, digests };
  return createHash('sha256').update(JSON.stringify(parts, asList)).digest('hex');
}

/** Drops the origins: a comment in the file moves lines. */
function used<Cluster extends ClusterConfig>(
  cluster: Cluster,
): Omit<Cluster, 'origins' | 'certificates' | 'watchedFiles'> {
  const { origins: _origins, certificates: _certificates, watchedFiles: _watchedFiles, ...rest } = cluster;
  return rest;
}

function asList(_key: string, value: unknown): unknown {
  return value instanceof Map
    ? [...(value as ReadonlyMap<string, unknown>)].sort(([a], [b]) => (a < b ? -1 : 1))
    : value;
}
