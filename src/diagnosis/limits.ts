/**
 * Every wait and every size of a probe. What answers may be anything: nothing of it is trusted with memory or
 * time.
 */
export const ProbeLimits = {
  resolveTimeoutMs: 3_000,
  tcpTimeoutMs: 3_000,
  tlsTimeoutMs: 3_000,
  /** From a request to its answer. Java's brokers hold a refused login back for a moment. */
  answerTimeoutMs: 3_000,
  /** All of one broker's probe, whatever its steps take together. */
  brokerTimeoutMs: 8_000,
  /** Brokers looked at in one diagnosis. */
  brokersMax: 12,
  /** Addresses of one name that are tried. */
  addressesMax: 4,
  /**
   * An answer of Kafka: what a probe asks is answered in some kilobytes, a metadata answer of a large cluster
   * in some hundred.
   */
  frameBytesMax: 4 * 1024 * 1024,
  /** Entries of one list in an answer. */
  entriesMax: 10_000,
  /** Of a broker's own words, in a message. */
  textCharactersMax: 300,
  /** Names of a certificate, in a message. */
  namesMax: 8,
  /** Certificates of a chain that are looked at. */
  chainMax: 10,
  /** SCRAM: rounds a broker may ask for. */
  scramIterationsMax: 200_000,
  /** SCRAM, PLAIN and OAUTHBEARER: bytes of one message. */
  saslBytesMax: 64 * 1024,
  /** Bytes of a file with certificates or a key. */
  fileBytesMax: 4 * 1024 * 1024,
} as const;
