/** Reads from librdkafka's properties what a probe needs to know of a cluster. */
import type { DiagnosedCluster } from './types.js';

export type SecurityProtocol = 'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl';

export interface ConnectionSettings {
  readonly protocol: SecurityProtocol;
  readonly tls: boolean;
  readonly sasl: boolean;
  /** Upper case; GSSAPI, librdkafka's default, if none is set. */
  readonly mechanism: string;
  readonly username: string;
  readonly password: string;
  /** 0: any; else 4 or 6. */
  readonly family: 0 | 4 | 6;
  readonly verifyCertificate: boolean;
  readonly verifyName: boolean;
}

const PROTOCOLS: ReadonlySet<string> = new Set(['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl']);

export function connectionSettings({ properties }: DiagnosedCluster): ConnectionSettings {
  const text = (name: string): string => properties.get(name) ?? '';
  const protocol = securityProtocol(text('security.protocol'));
  const families = { v4: 4, v6: 6 } as const;
  const family = text('broker.address.family').toLowerCase();
  return {
    protocol,
    tls: protocol.endsWith('ssl'),
    sasl: protocol.startsWith('sasl'),
    mechanism: (properties.get('sasl.mechanisms') ?? properties.get('sasl.mechanism') ?? 'GSSAPI')
      .trim()
      .toUpperCase(),
    username: text('sasl.username'),
    password: text('sasl.password'),
    family: family === 'v4' || family === 'v6' ? families[family] : 0,
    verifyCertificate: properties.get('enable.ssl.certificate.verification')?.toLowerCase() !== 'false',
    verifyName: properties.get('ssl.endpoint.identification.algorithm')?.toLowerCase() !== 'none',
  };
}

function securityProtocol(text: string): SecurityProtocol {
  const protocol = text.trim().toLowerCase();
  return PROTOCOLS.has(protocol) ? (protocol as SecurityProtocol) : 'plaintext';
}

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 9092;

/**
 * `host:port`, `[::1]:9092`, or with a protocol before it, as librdkafka takes them. Undefined for other
 * text.
 */
export function parseBroker(text: string): BrokerAddress | undefined {
  const match = /^(?:[a-z_]+:\/\/)?(?:\[([0-9a-f:.%]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/i.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

export function brokerName({ host, port }: BrokerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
