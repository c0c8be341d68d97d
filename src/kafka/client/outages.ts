/**
 * What the log says of outages. Several clients lose the same brokers at the same moment, for the same
 * reason: consumer and producer, and those of other pipelines. The log gets one line for all of them, again
 * once per minute while it lasts, and one when it is over.
 */
import type { ClientSide } from '../../core/client-side.js';
import { sampledLine } from '../../core/log/line-limit.js';
import type { Diagnosis } from '../../diagnosis/types.js';
import type { Logger } from '../../ports/logger.js';

/** Pause between equal reports in the log. */
const REPORT_AGAIN_MS = 60_000;
/** Lines of all outages together within that time; reasons that change more often are counted. */
const LINES_MAX = 3;

export interface OutageClient {
  readonly role: ClientSide;
  readonly servers: readonly string[];
  readonly logger: Logger;
}

export interface OutageReason {
  readonly found: readonly Diagnosis[];
  readonly remedy: string | undefined;
}

interface Outage {
  readonly sinceMs: number;
  /** Those without a connection now, and all that were. */
  readonly clients: Set<OutageClient>;
  readonly roles: Set<ClientSide>;
  reported: string | undefined;
  reportedMs: number;
  heldBack: number;
}

export class Outages {
  readonly #byCluster = new Map<string, Outage>();
  #lines = 0;
  #linesSinceMs = Number.NEGATIVE_INFINITY;

  /** Each check that finds a reason reports it; most of them are not logged. */
  report(client: OutageClient, { found, remedy }: OutageReason, nowMs: number): void {
    const outage = this.#outageOf(client, nowMs);
    const what = found.map(({ broker, fault }) => `${broker} ${fault}`).join();
    if (what === outage.reported && nowMs - outage.reportedMs < REPORT_AGAIN_MS) return;
    if (!this.#mayLog(nowMs)) {
      outage.heldBack += 1;
      return;
    }
    const [first] = found;
    const rest = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
    const held = { count: outage.heldBack, elapsedMs: nowMs - Math.max(outage.reportedMs, outage.sinceMs) };
    const line = sampledLine(
      `kafka: no new connection: ${first?.message ?? ''}${rest}; trying again for as long as it takes`,
      held,
    );
    client.logger.warn(line.message, {
      clients: [...outage.roles].join(' '),
      ...(remedy === undefined ? {} : { remedy }),
      faults: [...new Set(found.map(({ fault }) => fault))].join(' '),
      forMs: Math.round(nowMs - outage.sinceMs),
      ...line.fields,
    });
    Object.assign(outage, { reported: what, reportedMs: nowMs, heldBack: 0 });
  }

  /** Connections fail, and probes find no reason. */
  unexplained(client: OutageClient, words: string, nowMs: number): void {
    if (this.#mayLog(nowMs))
      client.logger.warn(`kafka ${client.role}: connections fail again and again: ${words}`);
  }

  /** The client has its brokers again. The last one of a cluster writes the line. */
  over(client: OutageClient, nowMs: number): void {
    const outage = this.#leave(client);
    if (outage === undefined || outage.clients.size > 0 || outage.reported === undefined) return;
    const forMs = Math.round(nowMs - outage.sinceMs);
    client.logger.info(`kafka: connected to the brokers again after ${Math.round(forMs / 1_000)} s`, {
      clients: [...outage.roles].join(' '),
      forMs,
    });
  }

  /** The client is no more. */
  gone(client: OutageClient): void {
    this.#leave(client);
  }

  #outageOf(client: OutageClient, nowMs: number): Outage {
    const cluster = clusterOf(client);
    const outage = this.#byCluster.get(cluster) ?? {
      sinceMs: nowMs,
      clients: new Set(),
      roles: new Set(),
      reported: undefined,
      reportedMs: Number.NEGATIVE_INFINITY,
      heldBack: 0,
    };
    outage.clients.add(client);
    outage.roles.add(client.role);
    this.#byCluster.set(cluster, outage);
    return outage;
  }

  #leave(client: OutageClient): Outage | undefined {
    const cluster = clusterOf(client);
    const outage = this.#byCluster.get(cluster);
    if (outage?.clients.delete(client) !== true) return undefined;
    if (outage.clients.size === 0) this.#byCluster.delete(cluster);
    return outage;
  }

  #mayLog(nowMs: number): boolean {
    if (nowMs - this.#linesSinceMs >= REPORT_AGAIN_MS) {
      this.#linesSinceMs = nowMs;
      this.#lines = 0;
    }
    this.#lines += 1;
    return this.#lines <= LINES_MAX;
  }
}

function clusterOf({ servers }: OutageClient): string {
  return [...servers].sort().join();
}
