/**
 * Closes what `before` opened, in reverse order. Things that `before` did not get to open are skipped,
 * because an error from closing them would hide the cause.
 */
import { after } from 'node:test';

export type AtEnd = (close: () => unknown) => void;

/** Call it instead of `after`. Everything is closed, even if closing something fails. */
export function atEndOf(): AtEnd {
  const closers: (() => unknown)[] = [];
  after(async () => {
    const faults: unknown[] = [];
    for (const close of closers.reverse()) {
      try {
        await close();
      } catch (fault) {
        faults.push(fault);
      }
    }
    if (faults.length > 0) throw faults[0];
  });
  return (close) => void closers.push(close);
}
