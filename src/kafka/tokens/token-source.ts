/**
 * Where OAUTHBEARER tokens come from: AWS's signer for MSK IAM, or a user's module. Loaded only if a cluster
 * needs it.
 */
import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { DispatcherError } from '../../core/errors.js';
import type { TokenSource } from '../../core/token-source.js';
import { errorText } from '../rdkafka.js';
import { mskSigner } from './msk-signer.js';
import { call, property, type TokenProvider } from './token-provider.js';

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
  // A parameter with a default does not count in `length`, so such a function gets no argument and keeps it.
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
