/**
 * The login of a probe: PLAIN, SCRAM and, with a token at hand, OAUTHBEARER. Only over a connection whose
 * certificate was accepted.
 */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Exchange } from './connection.js';
import { readSaslAuthenticate, saslAuthenticateRequest, WireCode } from './kafka-wire.js';
import { ProbeLimits } from './limits.js';

const derive = promisify(pbkdf2);

export interface Login {
  readonly mechanism: string;
  readonly username: string;
  readonly password: string;
  readonly token: string | undefined;
}

/** unknown: this mechanism can't be tried here, or the broker's answer was unclear. */
export type LoginResult =
  | { readonly outcome: 'accepted' | 'unknown' }
  | { readonly outcome: 'refused'; readonly text: string };

/** Runs after a handshake that named the mechanism. */
export async function logIn(exchange: Exchange, login: Login): Promise<LoginResult> {
  switch (login.mechanism) {
    case 'PLAIN':
      return single(exchange, Buffer.from(`\0${login.username}\0${login.password}`, 'utf8'));
    case 'SCRAM-SHA-256':
      return scram(exchange, login, 'sha256', 32);
    case 'SCRAM-SHA-512':
      return scram(exchange, login, 'sha512', 64);
    case 'OAUTHBEARER':
      return login.token === undefined ? { outcome: 'unknown' } : bearer(exchange, login.token);
    default:
      return { outcome: 'unknown' };
  }
}

async function single(exchange: Exchange, bytes: Buffer): Promise<LoginResult> {
  const answer = await authenticate(exchange, bytes);
  return answer.code === WireCode.none ? { outcome: 'accepted' } : failed(answer);
}

/**
 * A broker answers a refused token with JSON instead of an error; the error follows a second, empty message.
 */
async function bearer(exchange: Exchange, token: string): Promise<LoginResult> {
  const answer = await authenticate(exchange, Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`, 'utf8'));
  if (answer.code !== WireCode.none) return failed(answer);
  if (answer.bytes.length === 0) return { outcome: 'accepted' };
  const said = answer.bytes.toString('utf8');
  const after = await authenticate(exchange, Buffer.from('\x01', 'utf8'));
  return { outcome: 'refused', text: after.text === '' ? said : after.text };
}

async function scram(
  exchange: Exchange,
  login: Login,
  hash: 'sha256' | 'sha512',
  bytes: number,
): Promise<LoginResult> {
  const nonce = randomBytes(18).toString('base64');
  const bare = `n=${login.username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  const first = await authenticate(exchange, Buffer.from(`n,,${bare}`, 'utf8'));
  if (first.code !== WireCode.none) return failed(first);
  const serverFirst = first.bytes.toString('utf8');
  const fields = new Map(serverFirst.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
  const iterations = Number(fields.get('i'));
  const whole = fields.get('r') ?? '';
  if (
    !whole.startsWith(nonce) ||
    !Number.isInteger(iterations) ||
    iterations < 1 ||
    iterations > ProbeLimits.scramIterationsMax
  ) {
    return { outcome: 'unknown' };
  }
  const salted = await derive(
    login.password,
    Buffer.from(fields.get('s') ?? '', 'base64'),
    iterations,
    bytes,
    hash,
  );
  const clientKey = createHmac(hash, salted).update('Client Key').digest();
  const withoutProof = `c=biws,r=${whole}`;
  const signature = createHmac(hash, createHash(hash).update(clientKey).digest())
    .update(`${bare},${serverFirst},${withoutProof}`)
    .digest();
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64');
  return single(exchange, Buffer.from(`${withoutProof},p=${proof}`, 'utf8'));
}

interface Answer {
  readonly code: number;
  readonly text: string;
  readonly bytes: Buffer;
}

async function authenticate(exchange: Exchange, bytes: Buffer): Promise<Answer> {
  return readSaslAuthenticate(
    await exchange.ask(saslAuthenticateRequest(bytes.subarray(0, ProbeLimits.saslBytesMax))),
  );
}

function failed({ code, text }: Answer): LoginResult {
  return code === WireCode.saslAuthenticationFailed ? { outcome: 'refused', text } : { outcome: 'unknown' };
}
