/**
 * Client credentials, which librdkafka exchanges for tokens by itself: finds the errors that it does not
 * report, and prevents requests in clients that are only created for a check.
 */
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';

const ENDPOINT = 'sasl.oauthbearer.token.endpoint.url';
const METHOD = 'sasl.oauthbearer.method';
/** Refuses immediately, without sending a packet. */
const NOWHERE = 'http://127.0.0.1:0/';

/**
 * A client that is created only for a check requests a token all the same, and its end waits for the answer:
 * twenty seconds of a blocked main thread if the endpoint is silent.
 */
export function askingNobody(
  properties: readonly (readonly [name: string, value: string])[],
): (readonly [name: string, value: string])[] {
  const isOidc = properties.some(([name, value]) => name === METHOD && value.toLowerCase() === 'oidc');
  return properties.map(([name, value]) => (isOidc && name === ENDPOINT ? [name, NOWHERE] : [name, value]));
}

const FAILED = /Failed to (?:retrieve OIDC token|acquire SASL OAUTHBEARER token).*/;
/** The HTTP status at the end of the line, except for statuses that are temporary. */
const REFUSED = /\((?!408|429)4\d\d\)\s*$/;

/**
 * librdkafka retries temporary errors silently, seconds apart; a client that is given up in the meantime logs
 * only this.
 */
const GIVEN_UP = /: Terminating \(-1\)$/;

const SILENT = 'it does not answer, or answers with a temporary error';

interface Evidence {
  /** The failures that librdkafka logged. */
  readonly lines: readonly string[];
  readonly cause: unknown;
}

/**
 * Without a token no broker is contacted: then the line about the token is the reason, whatever else was
 * logged.
 */
export function oidcFailure(role: ClientSide, { lines, cause }: Evidence): DispatcherError | undefined {
  const said = lines.map((line) => FAILED.exec(line)?.[0]).findLast((line) => line !== undefined);
  if (said === undefined) return undefined;
  const text = said.replace(GIVEN_UP, `: ${SILENT}`);
  if (!REFUSED.test(text)) return unanswered(role, text, cause);
  return new DispatcherError('KAFKA_REFUSED', `no token for the ${role}: ${text}`, {
    remedy: 'the token endpoint refuses this client: check the client id, the client secret and the scope',
    cause,
  });
}

/**
 * librdkafka's last line may come when nothing listens any more. If nothing at all was logged, not even about
 * a broker, then none was contacted, so most likely the token is missing. Undefined: no client credentials,
 * or something was logged.
 */
export function oidcSilence(
  role: ClientSide,
  properties: ReadonlyMap<string, string>,
  { lines, cause }: Evidence,
): DispatcherError | undefined {
  const endpoint = properties.get(ENDPOINT);
  if (lines.length > 0 || endpoint === undefined || properties.get(METHOD)?.toLowerCase() !== 'oidc')
    return undefined;
  return unanswered(role, `${endpoint}: ${SILENT}`, cause);
}

function unanswered(role: ClientSide, text: string, cause: unknown): DispatcherError {
  const remedy = `check that ${ENDPOINT} is right and can be reached from here`;
  return new DispatcherError('KAFKA_UNREACHABLE', `no token for the ${role}: ${text}`, { remedy, cause });
}
