import { nearestName } from '../../core/nearest-name.js';
import type { TokenSource } from '../../core/token-source.js';
import { type LoginModule, parseJaas } from '../java/jaas.js';
import { type Credentials, credentialsOf } from '../java/sasl-modules.js';
import { type SideState, type TranslationContext, take, type WrittenEntry } from '../keys/side.js';
import { quote, ValueFault } from '../keys/value-fault.js';
import { IAM, SaslTokens, type TokenProvider } from './sasl-tokens.js';

const MECHANISMS = [
  'PLAIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-512',
  'OAUTHBEARER',
  'GSSAPI',
  'AWS_MSK_IAM',
] as const;
/** Java callback classes whose work kd does itself. */
const KNOWN_HANDLERS: readonly string[] = [
  'IAMClientCallbackHandler',
  'IAMOAuthBearerLoginCallbackHandler',
  'OAuthBearerLoginCallbackHandler',
  'OAuthBearerUnsecuredLoginCallbackHandler',
];

export function applySasl(
  state: SideState,
  provider: TokenProvider,
  context: TranslationContext,
): TokenSource | undefined {
  return new Sasl(state, context).apply(provider);
}

class Sasl {
  readonly #state: SideState;
  readonly #context: TranslationContext;
  readonly #tokens: SaslTokens;

  constructor(state: SideState, context: TranslationContext) {
    this.#state = state;
    this.#context = context;
    this.#tokens = new SaslTokens(state, context);
  }

  apply(provider: TokenProvider): TokenSource | undefined {
    const mechanismEntry = take(this.#state, 'sasl.mechanism');
    const jaasEntry = take(this.#state, 'sasl.jaas.config');
    const handlers = ['sasl.client.callback.handler.class', 'sasl.login.callback.handler.class'].map((name) =>
      take(this.#state, name),
    );
    const endpoint = take(this.#state, 'sasl.oauthbearer.token.endpoint.url');
    const jaas = jaasEntry === undefined ? undefined : this.#jaas(jaasEntry);
    const written = this.#mechanism(mechanismEntry);
    const iamHandler = this.#handlers(handlers, provider !== undefined);
    if (jaasEntry !== undefined && jaas === undefined) return undefined;
    const mechanism = written ?? jaas?.mechanism ?? (provider === undefined ? undefined : 'OAUTHBEARER');
    const first = mechanismEntry ?? jaasEntry;
    if (!this.#isSasl(first ?? provider)) return undefined;
    const agreed = this.#agree(mechanism, jaas, jaasEntry);
    if (agreed === undefined || mechanism === undefined) return undefined;
    this.#putMechanism(mechanism, mechanismEntry, jaasEntry);
    for (const [name, value] of jaas?.properties ?? [])
      if (jaasEntry !== undefined) this.#tokens.put(name, value, jaasEntry, `from ${jaas?.module ?? ''}`);
    if (endpoint !== undefined) this.#tokens.endpoint(endpoint, mechanism);
    if (provider !== undefined) return this.#tokens.module(provider, mechanism);
    if (mechanism === IAM || (mechanism === 'OAUTHBEARER' && (iamHandler || jaas?.iam !== undefined)))
      return { kind: 'msk-iam', ...jaas?.iam };
    if (mechanism === 'OAUTHBEARER') this.#tokens.mustHaveSource(first);
    return undefined;
  }

  #jaas(entry: WrittenEntry): (Credentials & LoginModule) | undefined {
    try {
      const login = parseJaas(entry.value);
      const credentials = credentialsOf(login);
      for (const secret of credentials.secrets) this.#context.secrets.add(secret);
      for (const note of credentials.notes) this.#context.notes.add(entry, note);
      return { ...login, ...credentials };
    } catch (fault) {
      if (!(fault instanceof ValueFault)) throw fault;
      this.#context.problems.error(entry.origin, entry.key, fault.message, fault.remedy);
      return undefined;
    }
  }

  #mechanism(entry: WrittenEntry | undefined): string | undefined {
    if (entry === undefined) return undefined;
    const word = entry.value.trim().toUpperCase();
    if ((MECHANISMS as readonly string[]).includes(word)) return word;
    const near = nearestName(word, MECHANISMS);
    const remedy = near === undefined ? `use one of ${MECHANISMS.join(', ')}` : `did you mean ${near}?`;
    this.#context.problems.error(
      entry.origin,
      entry.key,
      `${entry.secret ? '' : `${quote(entry.value)} `}is not a supported SASL mechanism`,
      remedy,
    );
    return undefined;
  }

  /** True when either client uses the login of MSK IAM. */
  #handlers(entries: readonly (WrittenEntry | undefined)[], hasProvider: boolean): boolean {
    let iam = false;
    for (const entry of entries) {
      if (entry === undefined || entry.value.trim() === '') continue;
      const name = entry.value.trim().slice(entry.value.trim().lastIndexOf('.') + 1);
      iam ||= name.startsWith('IAM');
      if (KNOWN_HANDLERS.includes(name) || hasProvider)
        this.#context.notes.add(entry, `${name} is left out: kd does this itself`);
      else
        this.#context.problems.error(
          entry.origin,
          entry.key,
          `the Java class ${quote(name)} can't run here`,
          'fetch tokens with a module: kafka.token-provider: ./tokens.mjs',
        );
    }
    return iam;
  }

  /** False when security.protocol does not use SASL; warns if SASL properties are set all the same. */
  #isSasl(first: Pick<WrittenEntry, 'origin' | 'key'> | undefined): boolean {
    const protocol = this.#state.properties.get('security.protocol');
    const entry = first ?? this.#state.properties.get('sasl.username');
    if (/^sasl_/i.test(protocol?.value ?? '')) {
      if (
        entry === undefined &&
        protocol !== undefined &&
        ![...this.#state.properties.keys()].some((name) => name.startsWith('sasl.'))
      )
        this.#context.problems.error(
          protocol.origin,
          protocol.key,
          `${protocol.value} needs sasl.mechanism and credentials`,
          `add sasl.mechanism: ${MECHANISMS.join(' | ')}`,
        );
      return true;
    }
    if (entry !== undefined) {
      const how =
        protocol === undefined
          ? 'security.protocol is not set, which means PLAINTEXT'
          : `security.protocol is ${protocol.value}`;
      this.#context.problems.warning(
        entry.origin,
        entry.key,
        `SASL settings have no effect, because ${how}: the client connects without a login`,
        'set security.protocol: SASL_SSL, or remove the sasl.* settings',
      );
    }
    return false;
  }

  /** The mechanism and the login module must match. */
  #agree(
    mechanism: string | undefined,
    jaas: (Credentials & LoginModule) | undefined,
    entry: WrittenEntry | undefined,
  ): true | undefined {
    if (jaas === undefined || entry === undefined) return mechanism === undefined ? undefined : true;
    if (mechanism === undefined) {
      this.#context.problems.error(
        entry.origin,
        entry.key,
        `${jaas.module} works with several mechanisms, and sasl.mechanism is missing`,
        `add sasl.mechanism: ${jaas.fits.join(' or ')}`,
      );
      return undefined;
    }
    if (jaas.fits.includes(mechanism)) return true;
    this.#context.problems.error(
      entry.origin,
      entry.key,
      `${jaas.module} does not match sasl.mechanism: ${mechanism}`,
      `use the login module of ${mechanism}, or sasl.mechanism: ${jaas.fits.join(' or ')}`,
    );
    return undefined;
  }

  #putMechanism(mechanism: string, written: WrittenEntry | undefined, jaas: WrittenEntry | undefined): void {
    const value = mechanism === IAM ? 'OAUTHBEARER' : mechanism;
    const entry = written ?? jaas;
    const note =
      mechanism === IAM
        ? `from ${IAM}: tokens signed with AWS credentials`
        : written === undefined
          ? 'from the login module'
          : '';
    if (entry !== undefined) this.#tokens.put('sasl.mechanisms', value, entry, note);
  }
}
