import { seriesOf } from '../../test/app/metrics/scrape.js';

const INTERVAL_MS = 1_000;
/** As Prometheus would give up. */
const TIMEOUT_MS = 10_000;

/** Asks for `/metrics` each second, and keeps the newest answer. */
export class Scraper {
  scrapes = 0;
  failures = 0;
  slowestMs = 0;
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  #series: ReadonlyMap<string, number> = new Map();

  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => void this.#scrape(), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  of(name: string): number | undefined {
    return this.#series.get(name);
  }

  /** Of all series of a family. */
  sumOf(family: string): number {
    let sum = 0;
    for (const [name, value] of this.#series) if (name.startsWith(`${family}{`)) sum += value;
    return sum;
  }

  async #scrape(): Promise<void> {
    const beganMs = performance.now();
    try {
      const answer = await fetch(this.#url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      this.#series = seriesOf(await answer.text());
      this.scrapes += 1;
      this.slowestMs = Math.max(this.slowestMs, performance.now() - beganMs);
    } catch {
      this.failures += 1;
    }
  }
}
