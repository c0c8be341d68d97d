/** Where the tokens of OAUTHBEARER come from: an endpoint, a module, or AWS. */
import { existsSync } from 'node:fs';
import type { TokenSource } from '../../core/token-source.js';
import { absolutePath, type SideState, type TranslationContext, type WrittenEntry } from '../keys/side.js';

export const IAM = 'AWS_MSK_IAM';

/** `kafka.token-provider`, if set. */
export type TokenProvider = Pick<WrittenEntry, 'value' | 'origin' | 'key'> | undefined;

export class SaslTokens {
  readonly #state: SideState;
  readonly #context: TranslationContext;

  constructor(state: SideState, context: TranslationContext) {
    this.#state = state;
    this.#context = context;
  }

  endpoint(entry: WrittenEntry, mechanism: string): void {
    if (/^file:/i.test(entry.value.trim())) {
      this.#context.problems.error(
        entry.origin,
        entry.key,
        'reading tokens from a file: URL is not supported',
        'read them with a module: kafka.token-provider: ./tokens.mjs',
      );
      return;
    }
    this.put('sasl.oauthbearer.token.endpoint.url', entry.value.trim(), entry, '');
    if (mechanism === 'OAUTHBEARER' && !this.#state.properties.has('sasl.oauthbearer.method'))
      this.put('sasl.oauthbearer.method', 'oidc', entry, 'because a token endpoint is set');
  }

  module(provider: NonNullable<TokenProvider>, mechanism: string): TokenSource | undefined {
    const { key } = provider;
    if (mechanism !== 'OAUTHBEARER' && mechanism !== IAM) {
      this.#context.problems.error(
        provider.origin,
        key,
        `fetches tokens, but sasl.mechanism is ${mechanism}`,
        'use sasl.mechanism: OAUTHBEARER, or remove it',
      );
      return undefined;
    }
    if (!this.#state.properties.has('sasl.mechanisms'))
      this.#state.properties.set('sasl.mechanisms', {
        ...provider,
        value: 'OAUTHBEARER',
        secret: false,
        key,
        note: 'because there is a token provider',
      });
    const path = absolutePath(provider, this.#context.workingDirectory);
    if (!existsSync(path))
      this.#context.problems.error(
        provider.origin,
        key,
        `${path} does not exist`,
        'check the path; a relative one starts at the configuration file',
      );
    return { kind: 'module', path };
  }

  /** An error if nothing gives OAUTHBEARER its tokens. */
  mustHaveSource(entry: WrittenEntry | undefined): void {
    const { properties } = this.#state;
    const fetched =
      properties.has('sasl.oauthbearer.method') ||
      /^(true|t|1)$/i.test(properties.get('enable.sasl.oauthbearer.unsecure.jwt')?.value ?? '');
    if (fetched || entry === undefined) return;
    this.#context.problems.error(
      entry.origin,
      entry.key,
      'OAUTHBEARER has no source of tokens',
      'set sasl.oauthbearer.token.endpoint.url with a client id and secret, or a module: ' +
        'kafka.token-provider: ./tokens.mjs',
    );
  }

  /** Sets a property, which must not have another value already. */
  put(name: string, value: string, entry: WrittenEntry, note: string): void {
    const existing = this.#state.properties.get(name);
    if (existing !== undefined && existing.value !== value)
      this.#context.problems.error(
        entry.origin,
        entry.key,
        `sets a different ${name} than ${existing.key}`,
        'keep one of them',
      );
    else if (existing === undefined)
      this.#state.properties.set(name, {
        value,
        origin: entry.origin,
        secret: entry.secret,
        key: entry.key,
        note,
      });
  }
}
