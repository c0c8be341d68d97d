/**
 * Reads bootstrap servers from text, a list, or the output of `aws kafka get-bootstrap-brokers`: JSON, YAML,
 * a table or plain text.
 */
import { serverFault } from '../keys/names.js';
import { ValueFault } from '../keys/value-fault.js';
import { isMskServer, LISTENER_WORDS, type MskListener, mskListener, wantedListener } from './msk.js';

const SERVERS_MAX = 1_000;
const PASTE = 'paste the whole output of `aws kafka get-bootstrap-brokers`';

/**
 * MSK's names of its listeners, the private ones first: the keys that hold the addresses for a protocol and
 * mechanism.
 */
const LISTENERS: Readonly<Record<MskListener, readonly string[]>> = {
  plaintext: ['', 'Ipv6'],
  ssl: ['Tls', 'TlsIpv6', 'VpcConnectivityTls', 'PublicTls'],
  scram: ['SaslScram', 'SaslScramIpv6', 'VpcConnectivitySaslScram', 'PublicSaslScram'],
  iam: ['SaslIam', 'SaslIamIpv6', 'VpcConnectivitySaslIam', 'PublicSaslIam'],
};
const PREFIX = 'BootstrapBrokerString';

/** `raw` is text or a list, as converted. `properties` select the listener of a JSON. Throws ValueFault. */
export function bootstrapServers(
  raw: string | readonly string[],
  properties: ReadonlyMap<string, string>,
): readonly string[] {
  const servers = (typeof raw === 'string' ? fromText(raw, properties) : raw)
    .flatMap((item) => item.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (servers.length === 0)
    throw new ValueFault('contains no broker address', 'write host:port, for example 127.0.0.1:9092');
  if (servers.length > SERVERS_MAX)
    throw new ValueFault(`names more than ${SERVERS_MAX} brokers`, 'a few are enough: they name the others');
  for (const server of servers) {
    const fault = serverFault(server);
    if (fault !== undefined) throw fault;
  }
  return [...new Set(servers)];
}

function fromText(text: string, properties: ReadonlyMap<string, string>): readonly string[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return choose(offeredByJson(trimmed), properties);
  if (trimmed.includes(PREFIX)) return choose(offeredByLines(trimmed), properties);
  const groups = trimmed.split(/\s+/);
  const listeners = new Set(groups.flatMap((group) => group.split(',')).map(mskListener));
  // `--output text` prints the addresses of all listeners in groups, without their names: MSK's ports
  // identify them.
  if (
    groups.length > 1 &&
    listeners.size > 1 &&
    groups.every((group) => isMskServer(group.split(',')[0] ?? ''))
  )
    return chooseByPort(groups, properties);
  return trimmed.split(/[\s,]+/);
}

type Offered = ReadonlyMap<string, string>;

function offeredByJson(text: string): Offered {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ValueFault('looks like JSON but is not valid', PASTE);
  }
  return new Map(
    Object.entries(parsed ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0].startsWith(PREFIX),
    ),
  );
}

/** `--output yaml` and `--output table`: each line has a name and its addresses. */
function offeredByLines(text: string): Offered {
  const found = text.matchAll(/(BootstrapBrokerString\w*)["']?\s*[:|]?\s*["']?([^\s"'|]+)/g);
  return new Map([...found].map(([, name = '', servers = '']) => [name, servers]));
}

function choose(offered: Offered, properties: ReadonlyMap<string, string>): readonly string[] {
  const first = [...offered.values()][0];
  if (first === undefined) throw new ValueFault(`contains no ${PREFIX}`, PASTE);
  const names = [...offered.keys()].join(', ');
  if (!properties.has('security.protocol')) {
    if (offered.size === 1) return first.split(',');
    throw new ValueFault(
      `offers several listeners (${names})`,
      'set kafka.properties security.protocol: PLAINTEXT, SSL or SASL_SSL',
    );
  }
  const wanted = wantedListener(properties);
  const chosen =
    wanted === undefined
      ? undefined
      : LISTENERS[wanted].map((name) => offered.get(PREFIX + name)).find((value) => value !== undefined);
  if (chosen !== undefined) return chosen.split(',');
  throw new ValueFault(
    `offers no listener for this ` +
      `security.protocol${wanted === 'scram' || wanted === 'iam' ? ' and sasl.mechanism' : ''}, only ` +
      `${names}`,
    (wanted === undefined
      ? 'for SASL_SSL also set sasl.mechanism'
      : `turn on ${LISTENER_WORDS[wanted]} in the cluster`) +
      ', or set security.protocol to one that the cluster offers',
  );
}

function chooseByPort(groups: readonly string[], properties: ReadonlyMap<string, string>): readonly string[] {
  const wanted = wantedListener(properties);
  const chosen = groups.find((group) => group.split(',').every((server) => mskListener(server) === wanted));
  if (chosen !== undefined && properties.has('security.protocol')) return chosen.split(',');
  throw new ValueFault(
    'contains addresses of several listeners, and none matches security.protocol',
    'set kafka.properties security.protocol: PLAINTEXT, SSL or SASL_SSL (with sasl.mechanism), ' +
      'whichever the cluster offers',
  );
}
