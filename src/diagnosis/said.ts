/** Makes a diagnosis: a message about a fault, its broker, and the configuration line to change. */
import { type DiagnosedCluster, type Diagnosis, FAULTS, type Fault } from './types.js';

const SERVERS = 'bootstrap.servers';
const SYSTEM_CAS = 'probe';

export interface Said {
  readonly what: string;
  readonly remedy: string;
  /** librdkafka's name of the property to change; the first that is set is used. */
  readonly properties: readonly string[];
}

export const Property = {
  servers: [SERVERS],
  protocol: ['security.protocol'],
  /** Here and below, the first name is the one to write if none is set. */
  ca: ['ssl.truststore.location', 'ssl.ca.pem', 'ssl.ca.location'],
  certificate: ['ssl.keystore.location', 'ssl.certificate.pem', 'ssl.certificate.location'],
  mechanism: ['sasl.mechanisms', 'sasl.mechanism'],
  credentials: ['sasl.password', 'sasl.username'],
} as const;

export function diagnosis(cluster: DiagnosedCluster, broker: string, fault: Fault, said: Said): Diagnosis {
  const { stage, refused } = FAULTS[fault];
  const line = lineOf(cluster, said.properties);
  return {
    broker,
    stage,
    fault,
    refused,
    message: `broker ${broker}: ${said.what}`,
    remedy:
      line === undefined
        ? said.remedy
        : `${said.remedy}; line to ${line.written ? 'change' : 'add'}: ${line.text}`,
    ...(line === undefined ? {} : { key: line.key }),
  };
}

/** Where the user would write the property. If none is set, the name of the first one. */
function lineOf(
  { properties, origins }: DiagnosedCluster,
  names: readonly string[],
): { readonly key: string; readonly text: string; readonly written: boolean } | undefined {
  const written = names.find((candidate) => {
    // The system's CAs are the default, so no line names them.
    if (properties.get(candidate) === SYSTEM_CAS && (origins?.get(candidate)?.place ?? '') === '')
      return false;
    return properties.has(candidate) || origins?.has(candidate) === true;
  });
  const name = written ?? names[0];
  if (name === undefined) return undefined;
  const origin = origins?.get(name);
  const key = origin?.key ?? (name === SERVERS ? 'kafka.bootstrap-servers' : `kafka.properties.${name}`);
  return {
    key,
    text: origin === undefined || origin.place === '' ? key : `${key} (${origin.place})`,
    written: written !== undefined || name === SERVERS,
  };
}
