/**
 * Where OAUTHBEARER tokens come from: AWS's signer for MSK IAM, or a user's module. Loaded only if a cluster
 * needs it.
 */
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DispatcherError } from '../../core/errors.js';
import type { TokenSource } from '../../core/token-source.js';
import { errorText } from '../rdkafka.js';

export interface Token {
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

export interface TokenProvider {
  /** For messages: the signer, or the module's path. */
  readonly name: string;
  /**
   * Requests a new token; errors and answers of the function are not checked here. It may react to the
   * signal.
   */
  readonly ask: (signal: AbortSignal) => Promise<unknown>;
}

export const SIGNER = 'aws-msk-iam-sasl-signer-js';
const TOKEN_CHARACTERS_MAX = 60_000;
/** 1973 in milliseconds: an earlier time must have been given in seconds. */
const EXPIRY_MS_MIN = 100_000_000_000;
/** A token with less time left would expire before it is used. */
const LIFE_MS_MIN = 1_000;

export async function loadTokenProvider(
  source: TokenSource,
  servers: readonly string[],
): Promise<TokenProvider> {
  return source.kind === 'module' ? userModule(source.path) : mskSigner(source, servers);
}

async function userModule(path: string): Promise<TokenProvider> {
  const exported = await importUser(path);
  const ask = defaultOf(exported);
  if (typeof ask !== 'function') {
    throw new DispatcherError(
      'CONFIGURATION',
      `the token provider ${path} has no function as its default export`,
      {
        remedy: 'export default async () => ({ token, expiryTime }), expiryTime in milliseconds since 1970',
      },
    );
  }
  // Only for a function with a parameter: a parameter with a default keeps it.
  return { name: path, ask: async (signal) => call(ask, ask.length > 0 ? { signal } : undefined) };
}

async function importUser(path: string): Promise<unknown> {
  try {
    const { mtimeMs } = await stat(path);
    // Node caches modules by URL, so a changed file gets another one.
    return await import(`${pathToFileURL(path).href}?changed=${mtimeMs}`);
  } catch (cause) {
    throw new DispatcherError(
      'CONFIGURATION',
      `the token provider ${path} can't be loaded: ${errorText(cause)}`,
      {
        remedy:
          'kafka.token-provider names a JavaScript module (.mjs or .js), relative to the configuration file',
        cause,
      },
    );
  }
}

/** A CommonJS module may be wrapped in its own default. */
function defaultOf(exported: unknown): unknown {
  const first = property(exported, 'default');
  return typeof first === 'function' ? first : property(first, 'default');
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

type Callable = (options: unknown) => unknown;

async function call(callee: unknown, options: unknown): Promise<unknown> {
  return (callee as Callable)(options);
}

type MskSource = Extract<TokenSource, { kind: 'msk-iam' }>;

async function mskSigner(source: MskSource, servers: readonly string[]): Promise<TokenProvider> {
  const region = source.region ?? regionOf(servers);
  if (region === undefined) {
    throw new DispatcherError(
      'CONFIGURATION',
      `the AWS region of the cluster is not known: ${servers.join(', ')} does not contain it`,
      {
        remedy: 'set AWS_REGION, or awsRegion in sasl.jaas.config',
      },
    );
  }
  if (source.profile !== undefined && source.roleArn !== undefined) {
    throw new DispatcherError('CONFIGURATION', 'MSK IAM: both a profile and a role are set', {
      remedy: 'set one of them; a profile may itself name the role (role_arn, source_profile)',
    });
  }
  const signer = await loadSigner();
  const [name, options] = signerCall(source, region);
  const callee = property(signer, name) ?? property(property(signer, 'default'), name);
  if (typeof callee !== 'function') {
    throw new DispatcherError('CONFIGURATION', `${SIGNER} has no function ${name}`, {
      remedy: `npm install ${SIGNER}@1`,
    });
  }
  return { name: SIGNER, ask: async () => call(callee, options) };
}

function signerCall(
  source: MskSource,
  region: string,
): readonly [name: string, options: Readonly<Record<string, string>>] {
  const { profile, roleArn, roleSessionName } = source;
  if (roleArn !== undefined) {
    const session = roleSessionName === undefined ? {} : { awsRoleSessionName: roleSessionName };
    return ['generateAuthTokenFromRole', { region, awsRoleArn: roleArn, ...session }];
  }
  return profile === undefined
    ? ['generateAuthToken', { region }]
    : ['generateAuthTokenFromProfile', { region, awsProfileName: profile }];
}

/** `b-1.demo.abc123.c2.kafka.eu-central-1.amazonaws.com:9098`, or `kafka-serverless` instead of `kafka`. */
function regionOf(servers: readonly string[]): string | undefined {
  for (const server of servers) {
    const region = /\.kafka(?:-serverless)?\.([a-z0-9-]+)\.amazonaws\.com/i.exec(server)?.[1];
    if (region !== undefined) return region.toLowerCase();
  }
  return undefined;
}

/** Next to this program, as a peer dependency is installed; or in the project it runs in. */
async function loadSigner(): Promise<unknown> {
  // Not a literal, so that the bundler leaves it alone.
  const name: string = SIGNER;
  try {
    return await import(name);
  } catch (cause) {
    if (!isMissing(cause)) throw signerFault(cause);
  }
  let path: string;
  try {
    path = createRequire(join(process.cwd(), 'package.json')).resolve(name);
  } catch (cause) {
    throw new DispatcherError(
      'CONFIGURATION',
      `MSK IAM needs AWS's package ${SIGNER}, which is not installed`,
      {
        remedy: `npm install ${SIGNER}`,
        cause,
      },
    );
  }
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    throw signerFault(cause);
  }
}

function isMissing(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'ERR_MODULE_NOT_FOUND' && errorText(cause).includes(`'${SIGNER}'`);
}

function signerFault(cause: unknown): DispatcherError {
  return new DispatcherError('CONFIGURATION', `${SIGNER} can't be loaded: ${errorText(cause)}`, {
    remedy: `install it again: npm install ${SIGNER}`,
    cause,
  });
}

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
