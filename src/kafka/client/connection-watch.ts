/**
 * A connected client may lose its brokers, and librdkafka tries to reconnect forever, whatever the reason: a
 * changed password, an expired certificate. This class finds the reason, logs it from time to time, and
 * provides it for readiness and for the run's limit.
 */

import type { EventEmitter } from 'node:events';
import type { ClientSide } from '../../core/client-side.js';
import { diagnose } from '../../diagnosis/diagnose.js';
import type { Diagnosis } from '../../diagnosis/types.js';
import type { Logger } from '../../ports/logger.js';
import type { Trouble } from '../../ports/source.js';
import type { ClusterOptions } from './client-config.js';
import { diagnosedFailure } from './connect-failure.js';
import { isFailureLine, logLine } from './log-bridge.js';
import { type OutageClient, Outages } from './outages.js';

/** A restarting broker closes all connections, so the check waits a moment. */
const BLIP_MS = 1_000;
/** Pause between two checks while brokers are unreachable: each costs a connection or two. */
const LOOK_AGAIN_MS = 2_000;
/** Pause between two checks while brokers refuse the client: each is a failed login in the brokers' logs. */
const REFUSED_LOOK_AGAIN_MS = 10_000;
/**
 * After this many checks in a row, each soon after the one before, that find nothing wrong although
 * connections fail, librdkafka's own words are logged.
 */
const UNEXPLAINED_LOOKS = 3;
const UNEXPLAINED_APART_MS = 10_000;
/** A broker that hangs keeps its connections, so librdkafka says nothing: others ask for a check. */
const SUSPECTED_AGAIN_MS = 5_000;
/** The process has one network and one log, whatever the number of its clients. */
const processOutages = new Outages();
/** Maximum number of brokers whose last failure is remembered. */
const BROKERS_MAX = 100;

export interface ConnectionWatchOptions {
  readonly role: ClientSide;
  readonly cluster: Pick<ClusterOptions, 'bootstrapServers' | 'properties' | 'origins'>;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** [diagnose] Replaced in tests. */
  readonly look?: typeof diagnose;
  /** [those of the process] Replaced in tests. */
  readonly outages?: Outages;
}

export class ConnectionWatch {
  readonly #options: ConnectionWatchOptions;
  readonly #lines = new Map<string, string>();
  readonly #client: OutageClient;
  readonly #outages: Outages;
  #timer: NodeJS.Timeout | undefined;
  #sinceMs: number | undefined;
  #trouble: Trouble | undefined;
  #unexplained = 0;
  #unexplainedMs = Number.NEGATIVE_INFINITY;
  #suspectedMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: ConnectionWatchOptions) {
    this.#options = options;
    const { role, cluster, logger, outages = processOutages } = options;
    this.#client = { role, servers: cluster.bootstrapServers, logger };
    this.#outages = outages;
  }

  /** The reason why every broker refuses the client or can't be reached; undefined if one would accept it. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  listen(client: EventEmitter): void {
    client.on('event.log', (event: unknown) => this.#note(event));
  }

  /** Nothing fails, but nothing comes back. `words` are logged if checks find no reason. */
  suspect(words: string): void {
    const nowMs = this.#options.nowMs();
    if (this.#stopped || nowMs - this.#suspectedMs < SUSPECTED_AGAIN_MS) return;
    this.#suspectedMs = nowMs;
    this.#lines.set('', words);
    this.#lookIn(0);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#outages.gone(this.#client);
  }

  #note(event: unknown): void {
    const line = logLine(event);
    if (this.#stopped || line === undefined || !isFailureLine(line)) return;
    const broker = /^(\S+): /.exec(line.text)?.[1] ?? '';
    if (!this.#lines.has(broker) && this.#lines.size >= BROKERS_MAX) return;
    this.#lines.set(broker, line.text);
    this.#lookIn(BLIP_MS);
  }

  #lookIn(delayMs: number): void {
    if (this.#timer !== undefined || this.#stopped) return;
    this.#timer = setTimeout(() => void this.#look(), delayMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { cluster, role, nowMs, look } = this.#options;
    const lines = [...this.#lines.values()];
    // A line counts for one check: a failure that persists is logged again.
    this.#lines.clear();
    const found = await (look ?? diagnose)(cluster, { lines }).catch((): readonly Diagnosis[] => []);
    this.#timer = undefined;
    if (this.#stopped) return;
    if (found.length === 0) {
      this.#over();
      this.#unexplain(lines);
      return;
    }
    this.#unexplained = 0;
    this.#sinceMs ??= nowMs();
    const all = found.length >= new Set(cluster.bootstrapServers).size;
    const error = diagnosedFailure(role, found, { triedMs: nowMs() - this.#sinceMs, cause: undefined });
    this.#trouble = all ? { error } : undefined;
    this.#outages.report(this.#client, { found, remedy: error.remedy }, nowMs());
    this.#lookIn(found.some(({ refused }) => refused) ? REFUSED_LOOK_AGAIN_MS : LOOK_AGAIN_MS);
  }

  /** Probes get through but librdkafka does not: only its own words are available. */
  #unexplain(lines: readonly string[]): void {
    const { nowMs } = this.#options;
    if (lines.length === 0 || nowMs() - this.#unexplainedMs > UNEXPLAINED_APART_MS) this.#unexplained = 0;
    this.#unexplainedMs = nowMs();
    this.#unexplained += lines.length === 0 ? 0 : 1;
    if (this.#unexplained < UNEXPLAINED_LOOKS) return;
    this.#unexplained = 0;
    this.#outages.unexplained(this.#client, lines[0] ?? '', nowMs());
  }

  #over(): void {
    this.#outages.over(this.#client, this.#options.nowMs());
    this.#sinceMs = undefined;
    this.#trouble = undefined;
  }
}
