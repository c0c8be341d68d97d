/**
 * Limits for every wait and every size of a probe. Anything may answer, so it gets bounded memory and time.
 */
export const ProbeLimits = {
  resolveTimeoutMs: 3_000,
  tcpTimeoutMs: 3_000,
  tlsTimeoutMs: 3_000,
  /** The time from a request to its answer. Brokers delay the answer to a failed login for a moment. */
  answerTimeoutMs: 3_000,
  /** The whole probe of one broker, whatever its steps take together. */
  brokerTimeoutMs: 8_000,
  /** Brokers that one diagnosis probes. */
  brokersMax: 12,
  /** Addresses of one name that are tried. */
  addressesMax: 4,
  /** An answer of Kafka: most take some kilobytes, a metadata answer of a large cluster some hundred. */
  frameBytesMax: 4 * 1024 * 1024,
  /** Entries of one list in an answer. */
  entriesMax: 10_000,
  /** The broker's own words in a message. */
  textCharactersMax: 300,
  /** Certificate names in a message. */
  namesMax: 8,
  /** Certificates of a chain that are inspected. */
  chainMax: 10,
  /** SCRAM: rounds that a broker may ask for. */
  scramIterationsMax: 200_000,
  /** SCRAM, PLAIN and OAUTHBEARER: bytes of one message. */
  saslBytesMax: 64 * 1024,
  /** Bytes of a file with certificates or a key. */
  fileBytesMax: 4 * 1024 * 1024,
} as const;
