/**
 * One side's cluster: the user's properties over kd's defaults, each with its origin, and what depends on
 * them.
 */

import type { ClientSide } from '../../core/client-side.js';
import type { TokenSource } from '../../core/token-source.js';
import { defaultsOf, type Preset, reasonOf, withDefaults } from '../../kafka/properties/defaults.js';
import type { PropertyEntries } from '../client/properties.js';
import type { ClusterConfig, PropertyOrigin } from '../keys/resolved.js';
import { formatOrigin, type Problems } from '../text/problem.js';
import { limitWords, PORTIONS, portion, QUEUE_PROPERTY } from './memory.js';
import { brokerRegion } from './msk.js';
import type { ResolveInput } from './resolve-input.js';

export function clusterConfig(
  side: ClientSide,
  servers: readonly string[],
  input: ResolveInput,
  problems: Problems,
): ClusterConfig {
  const { properties: entries, certificates, files } = input.clients[side];
  const user = new Map([...entries].map(([name, entry]) => [name, entry.value]));
  const preset = input.settings.get('dispatcher.preset');
  const queue = sideQueue(side, input);
  const properties = withDefaults(new Map([...defaultsOf(side, preset), ...queue]), user);
  return {
    bootstrapServers: servers,
    properties,
    origins: new Map([
      ['bootstrap.servers', serversOrigin(side, input)],
      ...[...properties.keys()].map((name): [string, PropertyOrigin] => [
        name,
        originOf(side, name, {
          entries,
          preset,
          reason: queue.has(name) ? limitWords(input.limits) : undefined,
        }),
      ]),
    ]),
    certificates,
    watchedFiles: [...new Set([...input.files, ...files])],
    tokens: reporting(tokensOf(side, servers, input, problems), input),
  };
}

/** The fetch queue where the container's memory asks for a smaller one. */
function sideQueue(side: ClientSide, { limits: { memoryBytes } }: ResolveInput): ReadonlyMap<string, string> {
  const bytes = portion('queueBytes', 1, memoryBytes);
  if (side === 'producer' || bytes >= PORTIONS.queueBytes.max) return new Map();
  return new Map([[QUEUE_PROPERTY, String(bytes / KIB)]]);
}

const KIB = 1_024;

interface Given {
  readonly entries: PropertyEntries;
  readonly preset: Preset;
  /** Instead of the reason of the table. */
  readonly reason: string | undefined;
}

function originOf(side: ClientSide, name: string, { entries, preset, reason }: Given): PropertyOrigin {
  const entry = entries.get(name);
  if (entry === undefined)
    return {
      key: `kafka.${side}.properties.${name}`,
      place: '',
      note: `default: ${reason ?? reasonOf(side, name, preset)}`,
    };
  return {
    key: entry.key,
    place: entry.origin.kind === 'file' ? formatOrigin(entry.origin) : '',
    note: entry.note,
  };
}

/** Not a property, yet the first line to change when no broker is found. */
function serversOrigin(side: ClientSide, { settings }: ResolveInput): PropertyOrigin {
  const own = `kafka.${side}.bootstrap-servers`;
  const key = settings.isSet(own) ? own : 'kafka.bootstrap-servers';
  const origin = settings.origin(key);
  return { key, place: origin.kind === 'default' ? '' : formatOrigin(origin), note: '' };
}

function reporting(tokens: TokenSource | undefined, { obtained }: ResolveInput): TokenSource | undefined {
  return tokens === undefined || obtained === undefined ? tokens : { ...tokens, obtained };
}

function tokensOf(
  side: ClientSide,
  servers: readonly string[],
  input: ResolveInput,
  problems: Problems,
): TokenSource | undefined {
  const { tokens, properties } = input.clients[side];
  if (tokens?.kind !== 'msk-iam' || servers.length === 0) return tokens;
  const region = brokerRegion(servers) ?? environmentRegion(input);
  if (region !== undefined) return { ...tokens, region };
  const mechanism = properties.get('sasl.mechanisms');
  problems.error(
    mechanism?.origin,
    mechanism?.key ?? 'kafka.properties.sasl.mechanism',
    'AWS tokens are signed for a region, but neither the broker names nor AWS_REGION tell which',
    'set the environment variable AWS_REGION, for example to eu-west-1',
  );
  return tokens;
}

function environmentRegion({ environment }: ResolveInput): string | undefined {
  return [environment['AWS_REGION'], environment['AWS_DEFAULT_REGION']].find(
    (value) => value !== undefined && value !== '',
  );
}
