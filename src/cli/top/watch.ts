/** `kd top`: looks at the job again and again, and shows it until a key or a signal ends it. */

import { atExit, onStopSignals } from '../../app/process-control.js';
import type { JobAddress } from '../../app/running/job-address.js';
import { askStatus } from '../../app/running/job-status.js';
import { DispatcherError } from '../../core/errors.js';
import { type CliIo, colorsFor } from '../io.js';
import { frame, type Picture, plainFrame, shownPipeline } from './frame.js';
import { onKeys } from './keys.js';
import { RateWatch } from './rates.js';
import { Screen } from './screen.js';
import { afterKey, FIRST_VIEW, type View } from './view.js';

export interface WatchOptions {
  readonly address: JobAddress;
  readonly intervalMs: number;
  /** Pictures to show; undefined: until it is ended. */
  readonly frames: number | undefined;
  readonly json: boolean;
}

const SIZE = { columns: 100, rows: 30 };

/** Rejects if the job does not answer the first time; later it is waited for. */
export async function watch(options: WatchOptions, io: CliIo): Promise<void> {
  const looks = new Looks(options.address);
  const first = await looks.look();
  if (first.lost !== undefined) throw first.error;
  const isLive = io.stdout.isTTY === true && !options.json;
  const shown = isLive ? new LiveDisplay(looks, io) : plainDisplay(options.json, io);
  const ended = new AbortController();
  const removeSignals = onStopSignals(() => ended.abort());
  const close = shown.open(() => ended.abort());
  try {
    shown.show(first);
    for (let left = (options.frames ?? Number.POSITIVE_INFINITY) - 1; left > 0; left--) {
      await pause(options.intervalMs, ended.signal);
      if (ended.signal.aborted) break;
      const look = await looks.look(ended.signal);
      // A key may have ended it meanwhile.
      if (isOver(ended)) break;
      shown.show(look);
    }
  } finally {
    close();
    removeSignals();
  }
}

interface Look {
  readonly picture: Picture;
  /** As the job sent it. */
  readonly body: unknown;
  readonly lost: Picture['lost'];
  readonly error: unknown;
}

/** Asks the job; while it does not answer, the last picture stays. */
class Looks {
  readonly #address: JobAddress;
  readonly #rates = new RateWatch();
  #last: Look;

  constructor(address: JobAddress) {
    this.#address = address;
    const picture: Picture = { pipelines: [], rates: [], url: address.url, lost: undefined, nowMs: 0 };
    this.#last = { picture, body: undefined, lost: undefined, error: undefined };
  }

  async look(signal?: AbortSignal): Promise<Look> {
    const { url } = this.#address;
    try {
      const { body, pipelines } = await askStatus(this.#address, signal === undefined ? {} : { signal });
      const rates = this.#rates.see(pipelines);
      const picture = { pipelines, rates, url, lost: undefined, nowMs: Date.now() };
      this.#last = { picture, body, lost: undefined, error: undefined };
    } catch (error) {
      if (!(error instanceof DispatcherError)) throw error;
      const nowMs = Date.now();
      const lost = { words: error.message, sinceMs: this.#last.lost?.sinceMs ?? nowMs };
      this.#last = { ...this.#last, picture: { ...this.#last.picture, lost, nowMs }, lost, error };
    }
    return this.#last;
  }

  get last(): Look {
    return this.#last;
  }
}

interface Display {
  /** Returns what closes it. */
  open(quit: () => void): () => void;
  show(look: Look): void;
}

class LiveDisplay implements Display {
  readonly #looks: Looks;
  readonly #io: CliIo;
  readonly #screen: Screen;
  #view: View = FIRST_VIEW;
  #page = 1;

  constructor(looks: Looks, io: CliIo) {
    this.#looks = looks;
    this.#io = io;
    this.#screen = new Screen(io.stdout);
  }

  open(quit: () => void): () => void {
    const { stdin, stdout } = this.#io;
    const resized = (): void => {
      this.#screen.forget();
      this.show(this.#looks.last);
    };
    const removeExit = atExit(() => this.#screen.leave());
    this.#screen.enter();
    const removeKeys = onKeys(stdin, (name) => this.#key(name, quit));
    stdout.on('resize', resized);
    return () => {
      stdout.off('resize', resized);
      removeKeys();
      this.#screen.leave();
      removeExit();
    };
  }

  show({ picture }: Look): void {
    const { stdout, env } = this.#io;
    const size = { columns: stdout.columns || SIZE.columns, rows: stdout.rows || SIZE.rows };
    const { lines, page } = frame(picture, this.#view, size, colorsFor(stdout, env));
    this.#page = page;
    this.#screen.draw(lines);
  }

  #key(name: string, quit: () => void): void {
    const { picture } = this.#looks.last;
    const action = afterKey(this.#view, name, {
      pipelines: picture.pipelines.length,
      partitions: shownPipeline(picture, this.#view)?.partitions.length ?? 0,
      page: Math.max(1, this.#page),
    });
    if (action === 'quit') return quit();
    this.#view = action;
    this.show(this.#looks.last);
  }
}

function plainDisplay(json: boolean, io: CliIo): Display {
  return {
    open: () => () => undefined,
    show: ({ picture, body, lost }) => {
      if (json) {
        const at = new Date(picture.nowMs).toISOString();
        const line =
          lost === undefined ? { at, rates: picture.rates, status: body } : { at, lost: lost.words };
        io.stdout.write(`${JSON.stringify(line)}\n`);
      } else io.stdout.write(`${plainFrame(picture, FIRST_VIEW, colorsFor(io.stdout, io.env))}\n`);
    },
  };
}

/** A function, because after an await the compiler would still assume the earlier value. */
function isOver({ signal }: AbortController): boolean {
  return signal.aborted;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
