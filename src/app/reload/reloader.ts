import { DispatcherError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';
import type { Adopted, Loading, ReloadCause, Revision, RevisionSource } from './leg.js';

/** The first pause between two trials of a configuration that does not work with Kafka; doubles each time. */
export const TRIAL_AGAIN_MS = 5_000;
export const TRIAL_AGAIN_MAX_MS = 60_000;

/** How long a reload waits for the group; a dead member holds it up until its session ends (45 s). */
export const JOIN_WAIT_MAX_MS = 60_000;
const JOIN_LOOK_MS = 250;

export interface ReloaderParts<Config> {
  readonly source: RevisionSource<Config>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** The revision that the run uses. */
  readonly current: () => Revision<Config>;
  /**
   * The group has not answered the member's request to join. Until it does, the broker reads nothing else
   * from that connection, and a consumer that leaves hangs.
   */
  readonly isJoining: () => boolean;
  /** Resolves when the new revision runs, was given up, or the run is over. */
  readonly switchTo: (revision: Revision<Config>) => Promise<void>;
}

/**
 * Decides the result of a reload request: nothing, an error message, or a new leg. Handles one at a time;
 * requests that arrive meanwhile become one. The run keeps its old configuration until the new one has passed
 * a trial with Kafka: a working configuration is never given up for an untested one.
 */
export class Reloader<Config> {
  private readonly parts: ReloaderParts<Config>;
  private wanted: ReloadCause | undefined;
  private working = false;
  private closed = false;
  private cancelRetry: () => void = () => undefined;
  /** Keys of the last warning about settings that need a restart. */
  private complained = '';
  private retryMs = TRIAL_AGAIN_MS;
  /** Tried, but did not start: not tried again until it changes, or a user asks for it. */
  private givenUp: string | undefined;
  /** For `/status`: the reason why the newest configuration is not in use. */
  rejected: string | undefined;

  constructor(parts: ReloaderParts<Config>) {
    this.parts = parts;
  }

  request(cause: ReloadCause): void {
    if (this.closed) return;
    this.cancelRetry();
    this.wanted = cause === 'signal' || this.wanted === undefined ? cause : this.wanted;
    if (this.working) return;
    this.working = true;
    void this.work();
  }

  close(): void {
    this.closed = true;
    this.cancelRetry();
  }

  /** A revision that passed its trial, but still did not start. */
  giveUp(revision: Revision<Config>, error: Error): void {
    this.givenUp = revision.fingerprint;
    this.rejected = error.message;
    this.lookAgain();
  }

  /**
   * The reloaded configuration; undefined when it is faulty (and reported), may not take over, or is already
   * in use.
   */
  async fresh(): Promise<Revision<Config> | undefined> {
    const loading = await this.load();
    if (loading.kind === 'faulty')
      return this.reject('the new configuration is faulty', loading.problems.join(' | '));
    const { revision } = loading;
    const { source, current } = this.parts;
    if (revision.fingerprint === current().fingerprint) return undefined;
    const refusal = source.refusal(current().config, revision.config);
    return refusal === undefined ? revision : this.reject('the new configuration needs a restart', refusal);
  }

  private async work(): Promise<void> {
    try {
      while (this.wanted !== undefined && !this.closed) {
        const cause = this.wanted;
        this.wanted = undefined;
        await this.once(cause);
      }
    } catch (error) {
      this.parts.logger.error('the configuration could not be reloaded', { error: messageOf(error) });
    } finally {
      this.working = false;
    }
  }

  private async once(cause: ReloadCause): Promise<void> {
    const { source, logger, current } = this.parts;
    if (cause !== 'retry') this.retryMs = TRIAL_AGAIN_MS;
    const loading = await this.load();
    if (this.isClosed()) return;
    if (loading.kind === 'faulty') {
      this.reject('the new configuration is faulty', loading.problems.join(' | '));
      return;
    }
    const { revision } = loading;
    const adopted = source.adopt(revision.config);
    this.complainOf(adopted.later, cause);
    if (revision.fingerprint === current().fingerprint) {
      this.unchanged(cause, adopted);
      return;
    }
    if (revision.fingerprint === this.givenUp && cause !== 'signal') return;
    const refusal = source.refusal(current().config, revision.config);
    if (refusal !== undefined) {
      this.reject('the new configuration needs a restart', refusal);
      return;
    }
    if (!(await this.passes(revision)) || !(await this.hasJoined())) return;
    this.rejected = undefined;
    this.givenUp = undefined;
    logger.info('the configuration has changed: draining, then continuing with new clients', { cause });
    await this.parts.switchTo(revision);
  }

  /** A signal is answered each time; a file change only once. */
  private complainOf(later: readonly string[], cause: ReloadCause): void {
    const keys = later.join(' ');
    if (keys !== '' && (cause === 'signal' || keys !== this.complained))
      this.parts.logger.warn('changed, but takes effect only at the next start', { keys });
    this.complained = keys;
  }

  private unchanged(cause: ReloadCause, adopted: Adopted): void {
    const { logger } = this.parts;
    this.rejected = undefined;
    this.givenUp = undefined;
    if (adopted.now.length > 0)
      logger.info('the configuration was reloaded; no new clients are needed', {
        changed: adopted.now.join(' '),
      });
    else if (adopted.later.length > 0) return;
    else if (cause === 'signal')
      logger.info('the configuration was reloaded and is unchanged; nothing to do');
    else logger.debug('watched files were checked: the configuration is unchanged');
  }

  private async load(): Promise<Loading<Config>> {
    try {
      return await this.parts.source.load();
    } catch (error) {
      return { kind: 'faulty', problems: [messageOf(error)] };
    }
  }

  /** False when the run ended meanwhile. */
  private async hasJoined(): Promise<boolean> {
    const { clock, isJoining, logger } = this.parts;
    const sinceMs = clock.nowMs();
    if (isJoining() && !this.closed)
      logger.info('the configuration has changed; it is used once the group has answered this member');
    while (isJoining() && !this.isClosed() && clock.nowMs() - sinceMs < JOIN_WAIT_MAX_MS)
      await new Promise<void>((resolve) => {
        clock.after(JOIN_LOOK_MS, resolve);
      });
    return !this.isClosed();
  }

  private async passes(revision: Revision<Config>): Promise<boolean> {
    try {
      await this.parts.source.trial(revision.config);
      return !this.isClosed();
    } catch (error) {
      if (this.isClosed()) return false;
      this.rejected = messageOf(error);
      this.parts.logger.error(
        "Kafka can't be used with the new configuration; the run continues with the old one",
        {
          error: messageOf(error),
          ...(error instanceof DispatcherError
            ? { code: error.code, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) }
            : {}),
          triedAgainInMs: this.retryMs,
        },
      );
      this.cancelRetry();
      this.cancelRetry = this.parts.clock.after(this.retryMs, () => this.request('retry'));
      this.retryMs = Math.min(2 * this.retryMs, TRIAL_AGAIN_MAX_MS);
      return false;
    }
  }

  /** Checked again after an await, since the compiler would assume the earlier result. */
  private isClosed(): boolean {
    return this.closed;
  }

  private reject(what: string, why: string): undefined {
    this.rejected = `${what}: ${why}`;
    this.parts.logger.error(`${what}; the run continues with the old one`, { why });
    this.lookAgain();
    return undefined;
  }

  /**
   * After a rejection: when the edit is undone, `/status` becomes correct without another request. Everything
   * else is left to a signal or the watch.
   */
  private lookAgain(): void {
    if (this.closed) return;
    this.cancelRetry();
    this.cancelRetry = this.parts.clock.after(this.retryMs, () => void this.lookWhetherUndone());
    this.retryMs = Math.min(2 * this.retryMs, TRIAL_AGAIN_MAX_MS);
  }

  private async lookWhetherUndone(): Promise<void> {
    const { logger, current } = this.parts;
    const loading = await this.load();
    if (this.isClosed() || this.working || this.rejected === undefined) return;
    if (loading.kind === 'faulty' || loading.revision.fingerprint !== current().fingerprint) {
      this.lookAgain();
      return;
    }
    this.rejected = undefined;
    this.givenUp = undefined;
    logger.info('the rejected change was undone: the configuration in use is the newest again');
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
