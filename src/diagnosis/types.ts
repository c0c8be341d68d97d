/** The facts about one side's cluster that a diagnosis needs. */
export interface DiagnosedCluster {
  /** host:port, in the order given. */
  readonly bootstrapServers: readonly string[];
  /** The client's properties, under librdkafka's names. */
  readonly properties: ReadonlyMap<string, string>;
  /** librdkafka name → the key that a user would change, and where it is written ('' if in no file). */
  readonly origins?: ReadonlyMap<string, { readonly key: string; readonly place: string }>;
}

export type Stage = 'dns' | 'tcp' | 'tls' | 'kafka' | 'sasl';

/** Every fault on the way to a broker. `refused`: trying again will not help (exit 8). */
export const FAULTS = {
  /** host:port can't be parsed. */
  'bad-address': { stage: 'dns', refused: true },
  unresolvable: { stage: 'dns', refused: false },
  'connection-refused': { stage: 'tcp', refused: false },
  unreachable: { stage: 'tcp', refused: false },
  /** The configured brokers answer, but the addresses they advertise can't be reached. */
  'advertised-unreachable': { stage: 'tcp', refused: false },
  'tls-to-plaintext': { stage: 'tls', refused: true },
  'wrong-ca': { stage: 'tls', refused: true },
  'self-signed': { stage: 'tls', refused: true },
  'certificate-expired': { stage: 'tls', refused: true },
  'certificate-not-yet-valid': { stage: 'tls', refused: true },
  'hostname-mismatch': { stage: 'tls', refused: true },
  /** Any other reason why the broker's certificate is not accepted. */
  'certificate-refused': { stage: 'tls', refused: true },
  'client-certificate-missing': { stage: 'tls', refused: true },
  'client-certificate-refused': { stage: 'tls', refused: true },
  'client-certificate-expired': { stage: 'tls', refused: true },
  /** Our own certificate, key or CA is unusable. */
  'tls-material': { stage: 'tls', refused: true },
  'key-mismatch': { stage: 'tls', refused: true },
  /** No common version or cipher, or another error of TLS itself. */
  'tls-handshake': { stage: 'tls', refused: true },
  'plaintext-to-tls': { stage: 'kafka', refused: true },
  /** Connected, but no answer. */
  'no-answer': { stage: 'kafka', refused: false },
  'closed-by-broker': { stage: 'kafka', refused: false },
  /** The server that answers is not Kafka. */
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
  /** What to change, with the configuration line if it is known. */
  readonly remedy: string;
  /** Trying again will not help. */
  readonly refused: boolean;
  /** The configuration key that the remedy is about. */
  readonly key?: string;
}

/** Facts that a probe can't find out itself. */
export interface Evidence {
  /** librdkafka's log lines about failed connections, one per broker. */
  readonly lines?: readonly string[];
  /** For OAUTHBEARER, if a token is at hand. */
  readonly token?: () => string | undefined;
}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the DER form, in lower-case hexadecimal. */
  readonly sha256: string;
  /** The DNS names and addresses that it is valid for. */
  readonly names: readonly string[];
}

export interface TlsFacts {
  readonly protocol: string;
  readonly cipher: string;
  /** As sent by the broker, its own first, completed from the CA list. */
  readonly chain: readonly CertificateFacts[];
}

export interface AdvertisedBroker {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

export interface TopicFacts {
  readonly name: string;
  /** Kafka's error code; 0 = the topic exists. */
  readonly code: number;
  readonly partitions: readonly {
    readonly partition: number;
    readonly leader: number;
    readonly replicas: number;
    readonly inSync: number;
  }[];
}

/** How far a probe got, and what it found on the way. */
export interface ProbeReport {
  /** host:port. */
  readonly broker: string;
  /** The first fault; undefined if every step that could be tried succeeded. */
  readonly diagnosis: Diagnosis | undefined;
  readonly addresses: readonly string[];
  /** The address that was connected to. */
  readonly address: string | undefined;
  readonly connectMs: number | undefined;
  readonly tls: TlsFacts | undefined;
  /** API key → lowest and highest version. */
  readonly apiVersions: ReadonlyMap<number, readonly [min: number, max: number]>;
  /**
   * Whether the broker accepted our credentials: undefined if none were needed, or if a probe can't try this
   * mechanism.
   */
  readonly authenticated: boolean | undefined;
  /** Undefined if it could not be read. */
  readonly advertised: readonly AdvertisedBroker[] | undefined;
  readonly topics: readonly TopicFacts[];
  /**
   * How far the controller's clock is ahead of this machine's, to within half a round trip; undefined if it
   * was not requested or not answered.
   */
  readonly clockAheadMs?: number | undefined;
}
