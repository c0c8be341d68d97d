/**
 * Closes what `before` opened, last opened first. What it never came to needs no closing, and would only hide
 * why.
 */
import { after } from 'node:test';

export type AtEnd = (close: () => unknown) => void;

/** To be called where `after` would be; every one is closed, whether or not the others could be. */
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
