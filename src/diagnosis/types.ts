import type { ClusterConfig } from '../config/keys/resolved.js';

/** What a diagnosis needs to know of one side's cluster. */
export type DiagnosedCluster = Pick<ClusterConfig, 'bootstrapServers' | 'properties'> &
  Partial<Pick<ClusterConfig, 'origins'>>;

export type Stage = 'dns' | 'tcp' | 'tls' | 'kafka' | 'sasl';

/** Everything that can be wrong on the way to a broker. `refused`: trying again will not help (exit 8). */
export const FAULTS = {
  /** host:port can't be read. */
  'bad-address': { stage: 'dns', refused: true },
  unresolvable: { stage: 'dns', refused: false },
  'connection-refused': { stage: 'tcp', refused: false },
  unreachable: { stage: 'tcp', refused: false },
  /** The brokers that were named answer, but the addresses they give out can't be reached. */
  'advertised-unreachable': { stage: 'tcp', refused: false },
  'tls-to-plaintext': { stage: 'tls', refused: true },
  'wrong-ca': { stage: 'tls', refused: true },
  'self-signed': { stage: 'tls', refused: true },
  'certificate-expired': { stage: 'tls', refused: true },
  'certificate-not-yet-valid': { stage: 'tls', refused: true },
  'hostname-mismatch': { stage: 'tls', refused: true },
  /** Any other reason for which the broker's certificate is not accepted. */
  'certificate-refused': { stage: 'tls', refused: true },
  'client-certificate-missing': { stage: 'tls', refused: true },
  'client-certificate-refused': { stage: 'tls', refused: true },
  'client-certificate-expired': { stage: 'tls', refused: true },
  /** Own certificate, key or CA can't be used. */
  'tls-material': { stage: 'tls', refused: true },
  'key-mismatch': { stage: 'tls', refused: true },
  /** No common version or cipher, or something else that TLS itself says. */
  'tls-handshake': { stage: 'tls', refused: true },
  'plaintext-to-tls': { stage: 'kafka', refused: true },
  /** Connected, and nobody answers. */
  'no-answer': { stage: 'kafka', refused: false },
  'closed-by-broker': { stage: 'kafka', refused: false },
  /** What answers is no Kafka. */
  'not-kafka': { stage: 'kafka', refused: true },
  'sasl-required': { stage: 'sasl', refused: true },
  'sasl-not-spoken': { stage: 'sasl', refused: true },
  'unsupported-mechanism': { stage: 'sasl', refused: true },
  'wrong-credentials': { stage: 'sasl', refused: true },
} as const satisfies Record<string, { stage: Stage; refused: boolean }>;

export type Fault = keyof typeof FAULTS;

export interface Diagnosis {
  /** host:port. */
  readonly broker: string;
  readonly stage: Stage;
  readonly fault: Fault;
  /** What happened, on which broker, and the likely cause. */
  readonly message: string;
  /** What to change, with the line of the configuration where it is known. */
  readonly remedy: string;
  /** Trying again will not help. */
  readonly refused: boolean;
  /** The configuration's key that the remedy is about. */
  readonly key?: string;
}

/** What is known besides what a probe can find out. */
export interface Evidence {
  /** librdkafka's log lines about failed connections, one a broker. */
  readonly lines?: readonly string[];
  /** For OAUTHBEARER, where a token is at hand. */
  readonly token?: () => string | undefined;
}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Of the DER form, in lower-case hexadecimal. */
  readonly sha256: string;
  /** The DNS names and addresses it is valid for. */
  readonly names: readonly string[];
}

export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** As the broker sent it, its own first, completed by what the CA list has. */
  readonly chain: readonly CertificateFacts[];
}

export interface AdvertisedBroker {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface TopicFacts {
  readonly name: string;
  /** Kafka's error code; 0 = the topic is there. */
  readonly code: number;
  readonly partitions: readonly {
    readonly partition: number;
    readonly leader: number;
    readonly replicas: number;
    readonly inSync: number;
  }[];
}

/** How far a probe came, and what it saw on the way. */
export interface ProbeReport {
  /** host:port. */
  readonly broker: string;
  /** The first thing that is wrong; undefined when all that could be asked is right. */
  readonly diagnosis: Diagnosis | undefined;
  readonly addresses: readonly string[];
  /** The one that was connected to. */
  readonly address: string | undefined;
  readonly connectMs: number | undefined;
  readonly tls: TlsFacts | undefined;
  /** API key → lowest and highest version. */
  readonly apiVersions: ReadonlyMap<number, readonly [min: number, max: number]>;
  /**
   * Did the broker accept our credentials: undefined = none were needed, or this mechanism can't be tried by
   * a probe.
   */
  readonly authenticated: boolean | undefined;
  /** Undefined where it could not be asked. */
  readonly advertised: readonly AdvertisedBroker[] | undefined;
  readonly topics: readonly TopicFacts[];
  /**
   * By how much the controller's clock is ahead of ours, to the half of a question's way; undefined: not
   * asked for, or not told.
   */
  readonly clockAheadMs?: number | undefined;
}
