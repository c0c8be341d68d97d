/**
 * Keeps a client's OAUTHBEARER token valid: fetches the first one before it connects, and a new one well
 * before each expires.
 */
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';
import { type Token, tokenFailure, tokenOf } from './token-answer.js';
import type { TokenProvider } from './token-provider.js';

/** Time limit for all attempts at the first token together. */
const FIRST_MS_MAX = 8_000;
const FIRST_TRIES_MAX = 3;
const FIRST_RETRY_MS = 250;
/** Time limit for each later attempt. */
const ASK_MS_MAX = 10_000;
/**
 * librdkafka reauthenticates a connection at 90 % of the lifetime that the broker grants; the next token must
 * be there by then.
 */
const RENEWAL_SHARE = 0.8;
/**
 * Tokens are renewed earlier by up to this share of their life, so that processes started together do not ask
 * together.
 */
const JITTER_SHARE = 0.05;
const RENEWAL_MS_MAX = 12 * 3_600_000;
/**
 * After a failed renewal: retried after this share of the remaining time, within these limits, until none is
 * left.
 */
const RETRY_SHARE = 0.25;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 30_000;

export interface TokenKeeperOptions {
  readonly role: ClientSide;
  readonly provider: TokenProvider;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Called with every token before it is used. */
  readonly obtained?: (token: string) => void;
  /** The last token has expired and there is no other. */
  readonly lost: (error: DispatcherError) => void;
}

export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  #token: Token;
  #give: ((token: string) => void) | undefined;
  #cancel: (() => void) | undefined;
  #tries = 0;
  readonly #stop = new AbortController();

  private constructor(options: TokenKeeperOptions, first: Token) {
    this.#options = options;
    this.#token = first;
    this.#renewLater();
  }

  /** Resolves once there is a first token; throws if there is none. */
  static async open(options: TokenKeeperOptions): Promise<TokenKeeper> {
    return new TokenKeeper(options, await firstToken(options));
  }

  /** The newest token. */
  get token(): string {
    return this.#token.value;
  }

  /** From now on each new token is passed to `give`, the current one immediately. */
  serve(give: (token: string) => void): void {
    if (this.#stopped) return;
    this.#give = give;
    give(this.#token.value);
  }

  /** Requests and passes on no more tokens; aborts a pending request. */
  stop(): void {
    this.#give = undefined;
    this.#cancel?.();
    this.#stop.abort(new Error('the client that needed the token was closed'));
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #renewLater(): void {
    const { clock, wallMs, random } = this.#options;
    const lifeMs = this.#token.expiresAtMs - wallMs();
    const waitMs = Math.min(lifeMs * (RENEWAL_SHARE - JITTER_SHARE * random()), RENEWAL_MS_MAX);
    this.#cancel = clock.after(waitMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { provider, logger, role, wallMs } = this.#options;
    try {
      const token = await askWithin(this.#options, ASK_MS_MAX, this.#stop.signal);
      if (this.#stopped) return;
      this.#token = token;
      this.#tries = 0;
      this.#give?.(token.value);
      logger.debug(`kafka ${role}: a new token from ${provider.name}`, {
        validForMs: Math.round(token.expiresAtMs - wallMs()),
      });
      this.#renewLater();
    } catch (error) {
      if (!this.#stopped) this.#failed(tokenFailure(provider, error));
    }
  }

  #failed(failure: DispatcherError): void {
    const { role, logger, clock, wallMs, lost } = this.#options;
    this.#tries += 1;
    const leftMs = this.#token.expiresAtMs - wallMs();
    if (leftMs <= 0) {
      const text =
        `the token of the ${role} has expired, and ${this.#tries} attempts at a new one ` +
        `failed: ${failure.message}`;
      lost(
        new DispatcherError(failure.code, text, {
          cause: failure,
          ...(failure.remedy === undefined ? {} : { remedy: failure.remedy }),
        }),
      );
      return;
    }
    const waitMs = Math.min(Math.max(leftMs * RETRY_SHARE, RETRY_MS_MIN), RETRY_MS_MAX, leftMs + 1);
    logger.warn(`kafka ${role}: ${failure.message}; trying again`, {
      validForMs: Math.round(leftMs),
      nextTryMs: Math.round(waitMs),
    });
    this.#cancel = clock.after(waitMs, () => void this.#renew());
  }
}

async function firstToken(options: TokenKeeperOptions): Promise<Token> {
  const { provider, clock } = options;
  const endMs = clock.nowMs() + FIRST_MS_MAX;
  for (let tries = 1; ; tries++) {
    try {
      return await askWithin(options, endMs - clock.nowMs());
    } catch (error) {
      const failure = tokenFailure(provider, error);
      const waitMs = FIRST_RETRY_MS * tries;
      // A wrong answer stays wrong, but a thrown error may be temporary.
      const final = error instanceof DispatcherError && !failure.retryable;
      if (final || tries >= FIRST_TRIES_MAX || clock.nowMs() + waitMs >= endMs) throw failure;
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
    }
  }
}

/** The request is aborted at its time limit, or when nobody needs the answer any more. */
async function askWithin(
  { provider, clock, wallMs, obtained }: TokenKeeperOptions,
  timeoutMs: number,
  stop?: AbortSignal,
): Promise<Token> {
  const late = new AbortController();
  const signal = stop === undefined ? late.signal : AbortSignal.any([stop, late.signal]);
  const cancel = clock.after(timeoutMs, () => {
    const text = `${provider.name} gave no token within ${Math.round(timeoutMs)} ms`;
    late.abort(
      new DispatcherError('KAFKA_UNREACHABLE', text, {
        remedy: 'check that the token issuer can be reached from here',
      }),
    );
  });
  try {
    // Listens before the provider does, so that our reason is the one reported, whatever it makes of the
    // abort. A provider that ignores the signal is not waited for.
    const aborted = abortOf(signal);
    const token = tokenOf(provider, await Promise.race([provider.ask(signal), aborted]), wallMs());
    obtained?.(token.value);
    return token;
  } finally {
    cancel();
  }
}

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
