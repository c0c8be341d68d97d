/** Which listener of Amazon MSK a broker's name and port belong to. */

export type MskListener = 'plaintext' | 'ssl' | 'scram' | 'iam';

const PORTS: Readonly<Record<MskListener, readonly number[]>> = {
  plaintext: [9092, 20092],
  ssl: [9094, 9194, 20094],
  scram: [9096, 9196, 20096],
  iam: [9098, 9198, 20098],
};

export const LISTENER_WORDS: Readonly<Record<MskListener, string>> = {
  plaintext: 'security.protocol: PLAINTEXT',
  ssl: 'security.protocol: SSL',
  scram: 'security.protocol: SASL_SSL and sasl.mechanism: SCRAM-SHA-512',
  iam: 'security.protocol: SASL_SSL and sasl.mechanism: AWS_MSK_IAM',
};

const MSK_HOST = /\.kafka(?:-serverless)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?$/i;

const hostOf = (server: string): string => server.replace(/^[A-Za-z_]+:\/\//, '').replace(/:\d+$/, '');

export function isMskServer(server: string): boolean {
  return MSK_HOST.test(hostOf(server));
}

export function brokerRegion(servers: readonly string[]): string | undefined {
  for (const server of servers) {
    const region = MSK_HOST.exec(hostOf(server))?.[1];
    if (region !== undefined) return region.toLowerCase();
  }
  return undefined;
}

/** The listener that uses this port on MSK. */
export function mskListener(server: string): MskListener | undefined {
  const port = Number(/:(\d+)$/.exec(server)?.[1]);
  return (Object.keys(PORTS) as MskListener[]).find((listener) => PORTS[listener].includes(port));
}

/** The listener that a client with these properties would use; undefined if it matches none of MSK's. */
export function wantedListener(properties: ReadonlyMap<string, string>): MskListener | undefined {
  const protocol = (properties.get('security.protocol') ?? 'plaintext').toLowerCase();
  const mechanism = (
    properties.get('sasl.mechanism') ??
    properties.get('sasl.mechanisms') ??
    ''
  ).toUpperCase();
  if (protocol !== 'sasl_ssl') return protocol === 'ssl' || protocol === 'plaintext' ? protocol : undefined;
  if (mechanism.startsWith('SCRAM')) return 'scram';
  return mechanism === 'OAUTHBEARER' || mechanism === 'AWS_MSK_IAM' ? 'iam' : undefined;
}
