/**
 * The reason why a client does not connect, from librdkafka's log lines and from probes. The last answer of
 * each broker counts.
 */

import type { EventEmitter } from 'node:events';
import type { ClientSide } from '../../core/client-side.js';
import type { DispatcherError } from '../../core/errors.js';
import { diagnose, diagnoseAdvertised } from '../../diagnosis/diagnose.js';
import type { AdvertisedBroker, Diagnosis } from '../../diagnosis/types.js';
import type { Logger } from '../../ports/logger.js';
import { oidcFailure, oidcSilence } from '../tokens/oidc.js';
import type { ClusterOptions } from './client-config.js';
import { connectFailure, diagnosedFailure } from './connect-failure.js';
import { isFailureLine, logLine } from './log-bridge.js';

/** Maximum number of brokers whose last failure is remembered. */
const BROKERS_MAX = 100;
/** A probe starts after this time without a connection and without an error. */
const SILENCE_MS = 500;

const TRIED = / \(tried for \d+ s\)/;

export interface ConnectReasonsOptions {
  readonly role: ClientSide;
  readonly servers: string;
  /** Undefined: nothing is probed, only librdkafka's lines are used. */
  readonly cluster: Pick<ClusterOptions, 'bootstrapServers' | 'properties' | 'origins'> | undefined;
  readonly logger: Logger;
}

export type Verdict =
  /** Trying again will not help. */
  | { readonly kind: 'refused'; readonly error: DispatcherError }
  /** No broker can be reached, and the reason is known. */
  | { readonly kind: 'unreachable'; readonly error: DispatcherError }
  /** No explanation was found. */
  | { readonly kind: 'unexplained'; readonly error: DispatcherError };

export class ConnectReasons {
  readonly #options: ConnectReasonsOptions;
  readonly #lines = new Map<string, string>();
  #looking: Promise<readonly Diagnosis[]> | undefined;
  #found: readonly Diagnosis[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reported = '';

  constructor(options: ConnectReasonsOptions) {
    this.#options = options;
  }

  /** Call it before the client connects, once per client. */
  listen(client: EventEmitter): void {
    this.#looking = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), SILENCE_MS);
    client.on('event.log', (event: unknown) => this.#note(event));
  }

  /** The client is connected or was given up. */
  end(): void {
    clearTimeout(this.#timer);
  }

  /** Call it after a failed attempt; waits for a running probe, `waitMs` at most. */
  async verdict(waitMs: number, triedMs: number, cause: unknown): Promise<Verdict> {
    const { role, servers, cluster } = this.#options;
    this.#found = (await inTime(this.#look(), waitMs)) ?? this.#found;
    const found = this.#found;
    const evidence = { lines: [...this.#lines.values()], cause };
    const token = oidcFailure(role, evidence);
    if (token !== undefined)
      return { kind: token.code === 'KAFKA_REFUSED' ? 'refused' : 'unreachable', error: token };
    const brokers = new Set(cluster?.bootstrapServers ?? []).size;
    const silence =
      found.length > 0 || cluster === undefined ? undefined : oidcSilence(role, cluster.properties, evidence);
    if (silence !== undefined) return { kind: 'unexplained', error: silence };
    if (found.length === 0 || found.length < brokers) {
      const error = connectFailure(role, servers, triedMs, evidence);
      return { kind: error.code === 'KAFKA_REFUSED' ? 'refused' : 'unexplained', error };
    }
    const error = diagnosedFailure(role, found, { triedMs, cause });
    return { kind: error.code === 'KAFKA_REFUSED' ? 'refused' : 'unreachable', error };
  }

  /** Logs the reason immediately, while attempts continue; the same reason only once. */
  report({ error }: Verdict, untilMs: number): void {
    // Compares without the time that it has been tried for.
    const reason = error.message.replace(TRIED, '');
    if (reason === this.#reported) return;
    this.#reported = reason;
    this.#options.logger.warn(`${error.message}; trying again`, {
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      givesUpInMs: Math.max(0, Math.round(untilMs)),
    });
  }

  /** Whether the addresses that the cluster advertises can be used. Undefined: some of them can. */
  async advertised(brokers: readonly AdvertisedBroker[], triedMs: number): Promise<Verdict | undefined> {
    const { cluster, role, logger } = this.#options;
    const [server] = cluster?.bootstrapServers ?? [];
    if (cluster === undefined || server === undefined || brokers.length === 0) return undefined;
    const found = await diagnoseAdvertised(cluster, server, brokers);
    const all = new Set(brokers.map(({ host, port }) => `${host}:${port}`)).size;
    if (found.length >= all) {
      const error = diagnosedFailure(role, found, { triedMs, cause: undefined });
      return { kind: error.code === 'KAFKA_REFUSED' ? 'refused' : 'unreachable', error };
    }
    for (const { message, remedy, broker } of found)
      logger.warn(`kafka ${role}: ${message}`, { broker, remedy });
    return undefined;
  }

  #look(): Promise<readonly Diagnosis[]> {
    clearTimeout(this.#timer);
    const { cluster } = this.#options;
    // diagnose never rejects; if it did, that must not end a start that might succeed.
    this.#looking ??=
      cluster === undefined
        ? Promise.resolve([])
        : diagnose(cluster, { lines: [...this.#lines.values()] }).catch(() => []);
    return this.#looking;
  }

  #note(event: unknown): void {
    const line = logLine(event);
    if (line === undefined || !isFailureLine(line)) return;
    const broker = /^(\S+): /.exec(line.text)?.[1] ?? '';
    if (!this.#lines.has(broker) && this.#lines.size >= BROKERS_MAX) return;
    this.#lines.set(broker, line.text);
    void this.#look();
  }
}

async function inTime<T>(work: Promise<T>, waitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs);
  });
  const first = await Promise.race([work, late]);
  clearTimeout(timer);
  return first;
}
