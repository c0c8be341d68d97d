/** Finds the failed connection behind an error of the user's code. */

export interface NetworkFault {
  readonly code: string;
  /** Code, host and port, as far as known. */
  readonly words: string;
}

const CODES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTDOWN',
  'EPIPE',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
]);
const CAUSES_MAX = 8;

/** Searches the error, its causes, or the first of several attempts (AggregateError). */
export function networkFaultOf(thrown: unknown): NetworkFault | undefined {
  let error = thrown;
  for (let i = 0; i < CAUSES_MAX && typeof error === 'object' && error !== null; i++) {
    const code = field(error, 'code');
    const attempts = field(error, 'errors');
    // The attempts have addresses; the error around them has only the code.
    if (Array.isArray(attempts) && attempts.length > 0) error = attempts[0] as unknown;
    else if (typeof code === 'string' && CODES.has(code)) return { code, words: wordsOf(code, error) };
    else error = field(error, 'cause');
  }
  return undefined;
}

function wordsOf(code: string, error: object): string {
  const host = field(error, 'address') ?? field(error, 'hostname');
  if (typeof host !== 'string') return code;
  const port = field(error, 'port');
  const name = host.includes(':') ? `[${host}]` : host;
  return typeof port === 'number' || typeof port === 'string' ? `${code} ${name}:${port}` : `${code} ${name}`;
}

function field(value: object, name: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[name];
}
