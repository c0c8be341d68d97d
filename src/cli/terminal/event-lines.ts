/** `-o jsonl`: the events of a run on standard output, one JSON object per line. */
import type { Writable } from 'node:stream';
import type { EventSink, RunEvent } from '../../app/progress/events.js';
import type { Logger } from '../../ports/logger.js';

/** The most that may wait in memory for a reader that does not read; further progress events are dropped. */
const WAITING_BYTES_MAX = 1024 * 1024;

/** A run outlives the reader of its events, and a full disk: records are worth more than events. */
export function eventLines(stdout: Writable, logger: Logger): EventSink {
  let isGone = false;
  let isSlow = false;
  let ended: () => void = () => undefined;
  stdout.on('error', (error) => {
    const reason = (error as NodeJS.ErrnoException).code === 'EPIPE' ? 'its reader has gone' : error.message;
    if (!isGone)
      logger.warn("the events of -o jsonl can't be written any more; the run continues", { reason });
    isGone = true;
    ended();
  });
  const write = (event: RunEvent): void => {
    if (isGone) return;
    if (event.event === 'progress' && stdout.writableLength > WAITING_BYTES_MAX) {
      if (!isSlow) logger.warn('the reader of -o jsonl is too slow: it misses events of progress');
      isSlow = true;
      return;
    }
    stdout.write(`${JSON.stringify(event)}\n`);
  };
  // Without a deadline, as for a summary: the run is over, and the result belongs to its reader.
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      ended = resolve;
      if (isGone) resolve();
      else stdout.write('', () => resolve());
    });
  return { write, close };
}
