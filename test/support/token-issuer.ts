/**
 * Signed tokens (RS256) for OAUTHBEARER listeners: created directly, or issued over HTTP for client
 * credentials as an identity provider does.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { TOKEN_KEY, tlsMaterial } from './tls-material.js';

const KEY_ID = 'test-key';
const BODY_CHARACTERS_MAX = 10_000;

export interface TokenClaims {
  /** The principal: User:<subject>. */
  readonly subject: string;
  /** Seconds from now. Negative: already expired. */
  readonly lifeSeconds: number;
}

export interface TokenEndpoint {
  readonly url: string;
  /** How many tokens were issued. */
  readonly given: () => number;
  /** From now on every request is answered with this status and no token; undefined: with tokens again. */
  fail(status: number | undefined): void;
  close(): Promise<void>;
}

export class TokenIssuer {
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
  }

  /** Uses the key that the brokers of secure-cluster.ts trust. */
  static async open(): Promise<TokenIssuer> {
    const { folder } = await tlsMaterial();
    return new TokenIssuer(createPrivateKey(readFileSync(join(folder, TOKEN_KEY))));
  }

  /** For `sasl.oauthbearer.jwks.endpoint.url`. */
  keySet(): string {
    const { kty, n, e } = createPublicKey(this.#key).export({ format: 'jwk' });
    return JSON.stringify({ keys: [{ kty, n, e, kid: KEY_ID, use: 'sig', alg: 'RS256' }] });
  }

  token({ subject, lifeSeconds }: TokenClaims): string {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const claims = {
      sub: subject,
      iss: 'kd-tests',
      scope: 'kafka',
      iat: nowSeconds,
      exp: nowSeconds + lifeSeconds,
    };
    const unsigned = `${encode({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })}.${encode(claims)}`;
    return `${unsigned}.${sign('sha256', Buffer.from(unsigned), this.#key).toString('base64url')}`;
  }

  /**
   * A token endpoint for client credentials (`Authorization: Basic`), on a free port. The client's id is the
   * subject.
   */
  async listen(
    credentials: { readonly id: string; readonly secret: string },
    lifeSeconds: number,
  ): Promise<TokenEndpoint> {
    let given = 0;
    let failure: number | undefined;
    const expected = `Basic ${Buffer.from(`${credentials.id}:${credentials.secret}`).toString('base64')}`;
    const answer = (request: IncomingMessage, response: ServerResponse, body: string): void => {
      const status = failure ?? refusal(request, body, expected);
      if (status !== undefined)
        return void response
          .writeHead(status, { 'content-type': 'application/json' })
          .end('{"error":"refused"}');
      given += 1;
      const token = this.token({ subject: credentials.id, lifeSeconds });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: lifeSeconds }));
    };
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body = (body + text).slice(0, BODY_CHARACTERS_MAX);
      });
      request.on('end', () => answer(request, response, body));
    });
    const port = await listening(server);
    return {
      url: `http://127.0.0.1:${port}/token`,
      given: () => given,
      fail: (status) => {
        failure = status;
      },
      close: () => closed(server),
    };
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function refusal(request: IncomingMessage, body: string, expected: string): number | undefined {
  if (request.method !== 'POST' || !body.includes('grant_type=client_credentials')) return 400;
  return request.headers.authorization === expected ? undefined : 401;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
}
