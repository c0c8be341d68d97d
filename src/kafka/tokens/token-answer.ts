/** The answers of a token provider: a token, or the error of a failed request. */
import { DispatcherError } from '../../core/errors.js';
import { errorText } from '../rdkafka.js';
import { property, type TokenProvider } from './token-provider.js';

export interface Token {
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

const TOKEN_CHARACTERS_MAX = 60_000;
/** 1973 in milliseconds: an earlier time must have been given in seconds. */
const EXPIRY_MS_MIN = 100_000_000_000;
/** A token with less time left would expire before it is used. */
const LIFE_MS_MIN = 1_000;

/** Converts a provider's answer to a token; its text never appears in an error. */
export function tokenOf(provider: TokenProvider, answer: unknown, wallMs: number): Token {
  const value = property(answer, 'token');
  const expiresAtMs = property(answer, 'expiryTime');
  const refused = (what: string, remedy: string): DispatcherError =>
    new DispatcherError('KAFKA_REFUSED', `${provider.name} gave no usable token: ${what}`, { remedy });
  const shape = 'answer { token, expiryTime }: a text, and milliseconds since 1970';
  if (typeof value !== 'string' || value === '') return fail(refused('`token` is not a text', shape));
  if (value.length > TOKEN_CHARACTERS_MAX)
    return fail(refused(`\`token\` has more than ${TOKEN_CHARACTERS_MAX} characters`, shape));
  if (!/^[\x21-\x7e]+$/.test(value))
    return fail(refused('`token` contains characters that no token has (a line break?)', shape));
  if (typeof expiresAtMs !== 'number' || !Number.isFinite(expiresAtMs))
    return fail(refused('`expiryTime` is not a number', shape));
  if (expiresAtMs < EXPIRY_MS_MIN) return fail(refused('`expiryTime` seems to be in seconds', shape));
  if (expiresAtMs - wallMs < LIFE_MS_MIN) {
    const lateMs = Math.round(wallMs - expiresAtMs);
    return fail(
      refused(
        lateMs >= 0 ? `it expired ${lateMs} ms ago` : `it expires in ${-lateMs} ms`,
        "check this machine's clock, and whatever caches tokens",
      ),
    );
  }
  return { value, expiresAtMs };
}

function fail(error: DispatcherError): never {
  throw error;
}

/**
 * The error of a failed request: exit 3 if the way to the issuer may be open again later, 8 if it refused.
 */
export function tokenFailure(provider: TokenProvider, cause: unknown): DispatcherError {
  if (cause instanceof DispatcherError) return cause;
  const passing = isPassing(cause);
  return new DispatcherError(
    passing ? 'KAFKA_UNREACHABLE' : 'KAFKA_REFUSED',
    `no token from ${provider.name}: ${errorText(cause)}`,
    {
      remedy: passing
        ? 'check that the token issuer can be reached from here'
        : 'check that its credentials exist and are valid',
      cause,
    },
  );
}

const NETWORK_CODES = /^(E(CONN\w+|TIMEDOUT|AI_AGAIN|NOTFOUND|HOSTUNREACH|NETUNREACH|PIPE)|UND_ERR_\w+)$/;
const PASSING_NAMES = /^(Throttling\w*|TooManyRequests\w*|TimeoutError|NetworkingError)$/;
const CAUSES_MAX = 5;

/** Checks the error and its causes: the reason of `fetch failed` is there. */
function isPassing(cause: unknown): boolean {
  let at: unknown = cause;
  for (let depth = 0; depth < CAUSES_MAX && at !== undefined; depth++) {
    const words = [property(at, 'code'), property(at, 'name')];
    if (words.some((word) => NETWORK_CODES.test(String(word)) || PASSING_NAMES.test(String(word))))
      return true;
    const status =
      property(at, 'status') ??
      property(at, 'statusCode') ??
      property(property(at, '$metadata'), 'httpStatusCode');
    if (typeof status === 'number' && (status === 408 || status === 429 || status >= 500)) return true;
    at = property(at, 'cause');
  }
  return false;
}
