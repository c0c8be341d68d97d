/**
 * Client credentials, which librdkafka exchanges for tokens by itself: what it does not tell, and where it
 * must be kept from asking.
 */
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';

const ENDPOINT = 'sasl.oauthbearer.token.endpoint.url';
const METHOD = 'sasl.oauthbearer.method';
/** Refuses at once, without a packet sent. */
const NOWHERE = 'http://127.0.0.1:0/';

/**
 * A client that is made only to see whether it can be made asks for a token all the same, and its end waits
 * for the answer: twenty seconds of a blocked main thread, when the endpoint is silent.
 */
export function askingNobody(
  properties: readonly (readonly [name: string, value: string])[],
): (readonly [name: string, value: string])[] {
  const isOidc = properties.some(([name, value]) => name === METHOD && value.toLowerCase() === 'oidc');
  return properties.map(([name, value]) => (isOidc && name === ENDPOINT ? [name, NOWHERE] : [name, value]));
}

const FAILED = /Failed to (?:retrieve OIDC token|acquire SASL OAUTHBEARER token).*/;
/**
 * The HTTP status at the end of the line; those that speak of the moment, not of the client, are left out.
 */
const REFUSED = /\((?!408|429)4\d\d\)\s*$/;

/**
 * librdkafka repeats what may pass, seconds apart and without a word; a client that is given up meanwhile
 * says only this.
 */
const GIVEN_UP = /: Terminating \(-1\)$/;

const SILENT = 'it does not answer, or with an error that may pass';

interface Evidence {
  /** What librdkafka logged of failures. */
  readonly lines: readonly string[];
  readonly cause: unknown;
}

/**
 * Without a token no broker is even asked: then the line that says so is the reason, whatever else was
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
 * The last thing librdkafka says may come when nobody listens any more. Where nothing was said, not even of a
 * broker, nothing was asked of one: then it is the token that is missing, most likely. Undefined: no client
 * credentials, or something was said.
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
  const remedy = `see that ${ENDPOINT} is right, and can be reached from here`;
  return new DispatcherError('KAFKA_UNREACHABLE', `no token for the ${role}: ${text}`, { remedy, cause });
}
