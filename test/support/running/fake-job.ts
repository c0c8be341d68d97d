/** A server that answers as a running job does, with whatever a test wants it to say. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeAnswer {
  readonly status?: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class FakeJob {
  readonly url: string;
  /** Paths that were asked for, with their queries. */
  readonly asked: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  answer: (path: string) => FakeAnswer | undefined;
  readonly #server: Server;

  private constructor(server: Server, answer: FakeJob['answer']) {
    this.#server = server;
    this.answer = answer;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      this.asked.push(request.url ?? '');
      this.authorizations.push(request.headers.authorization);
      const said = this.answer(request.url ?? '');
      // Undefined: never.
      if (said === undefined) return;
      response.writeHead(said.status ?? 200, said.headers);
      response.end(said.text);
    });
  }

  static async start(answer: FakeJob['answer'], port = 0): Promise<FakeJob> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return new FakeJob(server, answer);
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** What a healthy job says, with changes. */
export function statusOf(changes: object = {}): object {
  return {
    schema: 1,
    name: 'flights',
    version: '0.1.0',
    state: 'running',
    startedAt: '2026-11-29T08:00:00.000Z',
    elapsedSeconds: 60,
    ready: true,
    notReady: null,
    stall: null,
    records: { consumed: 1000, emitted: 900, filtered: 60, deadLettered: 40, retried: 0 },
    filteredBy: { SMALL: 60 },
    deadLetteredBy: {
      BAD_JSON: { count: 40, example: { message: 'no number', topic: 'in', partition: 3, offset: 17 } },
    },
    bytes: { in: 100_000, out: 90_000 },
    latency: { p50Ms: 7, p99Ms: 20 },
    memory: { rssBytes: 100 << 20, rssPeakBytes: 120 << 20 },
    inFlightRecords: 10,
    inFlightBytes: 1 << 20,
    inFlightBytesMax: 40 << 20,
    threads: 4,
    threadsBusy: 3,
    workers: { records: 1000, deathsBy: { WORKER_TIMEOUT: 1 } },
    owned: 2,
    membership: 'owner',
    lag: 300,
    progress: { percent: null, recordsToDo: null, etaSeconds: null, recordsPerSecond: { now: 100 } },
    partitions: [
      { topic: 'in', partition: 1, lagRecords: 200, lagSeconds: 4 },
      { topic: 'in', partition: 0, lagRecords: 100, lagSeconds: 9 },
    ],
    partitionsLeftOut: 0,
    openTransactions: [],
    leaderless: [],
    reloads: { count: 0, switching: false, rejected: null },
    certificates: [],
    ...changes,
  };
}
