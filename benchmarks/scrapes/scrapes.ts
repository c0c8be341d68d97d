/** What `/metrics` costs: the same work without a server, with one that nobody asks, and under scrapes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../test/support/free-ports.js';
import { type Contender, KD_RAW, kd } from '../contenders.js';
import type { Ground, Run } from '../ground.js';
import { say } from '../ground.js';
import { median } from '../stats.js';
import { table, withRange } from '../tables.js';

/** Many times as many as in earnest, so that their cost exceeds the noise between two runs. */
const SCRAPES_PER_SECOND = 20;
const MICROS = 1e6;
const MS = 1_000;

export interface ScrapesScore {
  /** CPU µs per record, start included: of each round. */
  readonly without: readonly number[];
  readonly unasked: readonly number[];
  readonly scraped: readonly number[];
  /** CPU of the whole process for one scrape: the median of the rounds. */
  readonly msPerScrape: number;
  readonly msPerScrapeOfRounds: readonly number[];
  readonly scrapesPerRun: number;
  readonly bytesPerScrape: number;
}

interface ScrapesOptions {
  readonly records: number;
  readonly partitions: number;
  readonly size: number;
  readonly runs: number;
}

export async function measureScrapes(ground: Ground, options: ScrapesOptions): Promise<ScrapesScore> {
  const { records, partitions, size: bytes, runs } = options;
  const filled = await ground.fill({ seed: 8, records, partitions, bytes, format: 'avro' });
  const [port = 0] = await freePorts(1);
  const [plain, served] = [contender('kd-raw'), contender('kd-raw-served', port)];
  const rounds: { without: Run; unasked: Run; scraped: Run; scrapes: number; bytes: number }[] = [];
  for (let round = 0; round < runs; round++) {
    const without = await ground.run(plain, filled, round === 0 ? ground.check : undefined);
    const unasked = await ground.run(served, filled);
    const scraper = new Scraper(`http://127.0.0.1:${port}/metrics`);
    const scraped = await ground.run(served, filled);
    const { scrapes, bytes: answered } = await scraper.end();
    rounds.push({ without, unasked, scraped, scrapes, bytes: answered });
    say(`without ${micros(without).toFixed(3)}, served ${micros(unasked).toFixed(3)}, ${scrapes} scrapes`);
  }
  await ground.cluster.tool.deleteTopics([filled.topic]);
  return scoreOf(rounds);
}

function scoreOf(
  rounds: readonly { without: Run; unasked: Run; scraped: Run; scrapes: number; bytes: number }[],
): ScrapesScore {
  const msPerScrapeOfRounds = rounds.map(
    ({ unasked, scraped, scrapes }) => ((scraped.cpuSeconds - unasked.cpuSeconds) / scrapes) * MS,
  );
  return {
    without: rounds.map(({ without }) => micros(without)),
    unasked: rounds.map(({ unasked }) => micros(unasked)),
    scraped: rounds.map(({ scraped }) => micros(scraped)),
    msPerScrape: median(msPerScrapeOfRounds),
    msPerScrapeOfRounds,
    scrapesPerRun: median(rounds.map(({ scrapes }) => scrapes)),
    bytesPerScrape: median(rounds.map(({ bytes }) => bytes)),
  };
}

function micros({ cpuSeconds, records }: Run): number {
  return (cpuSeconds / records) * MICROS;
}

function contender(id: string, port?: number): Contender {
  const server = port === undefined ? {} : { server: { port } };
  return kd({ ...KD_RAW, id, title: id, ...server });
}

/** Asks at a pace as soon as somebody answers, until its end. */
class Scraper {
  #scrapes = 0;
  #bytes = 0;
  #over = false;
  readonly #asking: Promise<void>;

  constructor(url: string) {
    this.#asking = this.#ask(url);
  }

  async end(): Promise<{ readonly scrapes: number; readonly bytes: number }> {
    this.#over = true;
    await this.#asking;
    return { scrapes: this.#scrapes, bytes: this.#bytes };
  }

  async #ask(url: string): Promise<void> {
    while (!this.#over) {
      const text = await fetch(url).then(
        (answer) => answer.text(),
        () => '',
      );
      if (text !== '') {
        this.#scrapes += 1;
        this.#bytes = text.length;
      }
      await sleep(MS / SCRAPES_PER_SECOND);
    }
  }
}

export function scrapesBody(score: ScrapesScore): string {
  const row = (title: string, rounds: readonly number[]): string[] => [
    title,
    withRange(median(rounds), rounds),
  ];
  const kib = Math.round(score.bytesPerScrape / 1024);
  const cost = withRange(score.msPerScrape, score.msPerScrapeOfRounds);
  const percent = (score.msPerScrape / MS) * 100;
  return `A function over raw records, start and end included: without \`server\`, with one that nobody
asks, and with ${SCRAPES_PER_SECOND} scrapes a second, so that their cost exceeds the noise.

${table(
  ['', 'CPU µs/record (range)'],
  [
    row('no server', score.without),
    row('a server, nobody asks', score.unasked),
    row(`${score.scrapesPerRun} scrapes`, score.scraped),
  ],
)}

A scrape (${kib} KiB) costs ${cost} ms of CPU: one a second is ${percent.toFixed(2)} % of a core. The runs
are short, so a part of it is the compiler's work.`;
}
