/** Bootstrap servers from text, a list, or the JSON that `aws kafka get-bootstrap-brokers` prints. */
import { serverFault, ValueFault } from './convert.js';

const SERVERS_MAX = 1_000;

/** MSK's listeners, the private ones first: which key holds the addresses for a protocol and mechanism. */
const LISTENERS: Readonly<Record<'plaintext' | 'ssl' | 'scram' | 'iam', readonly string[]>> = {
  plaintext: ['BootstrapBrokerString'],
  ssl: ['BootstrapBrokerStringTls', 'BootstrapBrokerStringVpcConnectivityTls', 'BootstrapBrokerStringPublicTls'],
  scram: ['BootstrapBrokerStringSaslScram', 'BootstrapBrokerStringVpcConnectivitySaslScram', 'BootstrapBrokerStringPublicSaslScram'],
  iam: ['BootstrapBrokerStringSaslIam', 'BootstrapBrokerStringVpcConnectivitySaslIam', 'BootstrapBrokerStringPublicSaslIam'],
};

/** `raw`: text or list as converted. `properties` tells which listener of a JSON fits. Throws ValueFault. */
export function bootstrapServers(raw: string | readonly string[], properties: ReadonlyMap<string, string>): readonly string[] {
  const servers = (typeof raw === 'string' ? fromText(raw, properties) : raw)
    .flatMap((item) => item.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (servers.length === 0) throw new ValueFault('names no broker', 'write host:port, for example 127.0.0.1:9092');
  if (servers.length > SERVERS_MAX) throw new ValueFault(`names more than ${SERVERS_MAX} brokers`);
  for (const server of servers) {
    const fault = serverFault(server);
    if (fault !== undefined) throw fault;
  }
  return [...new Set(servers)];
}

function fromText(text: string, properties: ReadonlyMap<string, string>): readonly string[] {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) return trimmed.split(/[\s,]+/);
  let parsed: unknown;
  try {
    parsed = JSON.parse(trimmed);
  } catch {
    throw new ValueFault('looks like JSON but is not', 'paste the whole output of `aws kafka get-bootstrap-brokers`');
  }
  const offered = new Map(
    Object.entries(parsed ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0].startsWith('BootstrapBrokerString'),
    ),
  );
  const wanted = wantedListener(properties);
  const first = [...offered.values()][0];
  if (wanted === undefined) {
    if (first !== undefined && offered.size === 1) return first.split(',');
    throw new ValueFault(
      `offers several listeners (${[...offered.keys()].join(', ')})`,
      'set kafka.properties security.protocol: PLAINTEXT, SSL or SASL_SSL',
    );
  }
  const chosen = LISTENERS[wanted].map((key) => offered.get(key)).find((value) => value !== undefined);
  if (chosen !== undefined) return chosen.split(',');
  throw new ValueFault(
    offered.size === 0
      ? 'has no BootstrapBrokerString in its JSON'
      : `offers no listener for this security.protocol, only ${[...offered.keys()].join(', ')}`,
    'paste the output of `aws kafka get-bootstrap-brokers`, and set security.protocol to one that the cluster offers',
  );
}

function wantedListener(properties: ReadonlyMap<string, string>): keyof typeof LISTENERS | undefined {
  const protocol = properties.get('security.protocol')?.toLowerCase();
  const mechanism = (properties.get('sasl.mechanism') ?? properties.get('sasl.mechanisms') ?? '').toUpperCase();
  if (protocol === 'sasl_ssl') return mechanism.startsWith('SCRAM') ? 'scram' : 'iam';
  return protocol === 'ssl' || protocol === 'plaintext' ? protocol : undefined;
}
