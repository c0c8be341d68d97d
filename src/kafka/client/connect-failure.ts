/** Why a client can't connect: from what probes found, or else from librdkafka's log. */
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import type { Diagnosis } from '../../diagnosis/types.js';

interface ConnectCause {
  readonly pattern: RegExp;
  readonly refused: boolean;
  readonly remedy: string;
}

/**
 * librdkafka's log lines for a failed connection, the most specific first. Its error codes do not distinguish
 * these cases.
 */
const CONNECT_CAUSES: readonly ConnectCause[] = [
  {
    pattern: /SASL authentication error|authentication failed/i,
    refused: true,
    remedy: 'check sasl.username, sasl.password and that the broker knows this user',
  },
  {
    pattern: /mechanism handshake failed/i,
    refused: true,
    remedy: "set sasl.mechanism to one of the broker's mechanisms",
  },
  {
    pattern: /connecting to a PLAINTEXT broker listener/i,
    refused: true,
    remedy: 'this port speaks no TLS: use the TLS port, or security.protocol PLAINTEXT / SASL_PLAINTEXT',
  },
  {
    pattern: /certificate verify failed|certificate could not be verified/i,
    refused: true,
    remedy:
      "the broker's certificate is not trusted: wrong CA (ssl.ca.location, ssl.ca.pem), an expired " +
      'certificate, or a host name that the certificate does not carry',
  },
  {
    pattern: /alert (bad certificate|number 42|certificate (unknown|required|expired))|No matching issuer/i,
    refused: true,
    remedy:
      'the broker wants a client certificate of a CA that it trusts: check ssl.certificate.location (or ' +
      '.pem) and ssl.key.location (or .pem)',
  },
  {
    pattern: /SSL handshake failed|SSL routines/i,
    refused: true,
    remedy: 'check security.protocol, the port and the TLS settings',
  },
  {
    pattern: /in state APIVERSION_QUERY|SSL connection closed by peer/i,
    refused: true,
    remedy:
      'the broker hangs up at once: security.protocol probably does not fit this port (TLS port? SASL port?)',
  },
  { pattern: /Failed to resolve/i, refused: false, remedy: 'check the host name and DNS' },
  { pattern: /Connection refused/i, refused: false, remedy: 'check host and port, and that the broker runs' },
  {
    pattern: /timed out|timeout/i,
    refused: false,
    remedy: 'check the network path: security groups, firewall, VPN',
  },
];

/** The faults of all brokers in one message: equal faults are reported once. */
export function diagnosedFailure(
  role: ClientSide,
  found: readonly Diagnosis[],
  { triedMs, cause }: { readonly triedMs: number; readonly cause: unknown },
): DispatcherError {
  const refused = found.every((one) => one.refused);
  const kinds = [...new Set(found.map(({ fault }) => fault))]
    .slice(0, KINDS_NAMED_MAX)
    .map((kind) => found.filter(({ fault }) => fault === kind));
  const faults = kinds.map(messageFor);
  const what = refused
    ? `the ${role} can't connect`
    : `the ${role} can't reach Kafka (tried for ${Math.max(1, Math.round(triedMs / 1000))} s)`;
  const remedies = kinds.map(([first]) => first?.remedy ?? '');
  return new DispatcherError(
    refused ? 'KAFKA_REFUSED' : 'KAFKA_UNREACHABLE',
    `${what}: ${faults.join('; ')}`,
    {
      remedy: [...new Set(remedies)].join('; '),
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** Maximum number of different faults in one message, and of brokers named with the first. */
const KINDS_NAMED_MAX = 3;
const BROKERS_NAMED_MAX = 5;

function messageFor([first, ...others]: readonly Diagnosis[]): string {
  if (first === undefined || others.length === 0) return first?.message ?? '';
  const names = others.slice(0, BROKERS_NAMED_MAX).map(({ broker }) => broker);
  const more = others.length - names.length;
  return `${first.message} (likewise ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''})`;
}

/**
 * The reason why no broker could be reached, from the last failure line of each broker. Refused only if no
 * line reports a mere network fault: then trying again does not help.
 */
export function connectFailure(
  role: ClientSide,
  servers: string,
  timeoutMs: number,
  evidence: { readonly lines: readonly string[]; readonly cause: unknown },
): DispatcherError {
  const causes = evidence.lines.map((line) => CONNECT_CAUSES.find(({ pattern }) => pattern.test(line)));
  const known = causes.filter((cause) => cause !== undefined);
  const refusing = known.find(({ refused }) => refused);
  const refused = refusing !== undefined && causes.every((cause) => cause?.refused === true);
  const said = evidence.lines.length > 0 ? evidence.lines.join('; ') : 'no broker answered';
  const remedy =
    (refused ? refusing : known[0])?.remedy ?? 'check kafka.bootstrap-servers and the network path';
  const what = refused
    ? `Kafka refuses the ${role}`
    : `the ${role} can't reach Kafka within ${Math.round(timeoutMs)} ms`;
  return new DispatcherError(
    refused ? 'KAFKA_REFUSED' : 'KAFKA_UNREACHABLE',
    `${what} at ${servers}: ${said}`,
    {
      remedy,
      cause: evidence.cause,
    },
  );
}
