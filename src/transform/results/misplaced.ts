import { isMarked, isThenable, RESULT } from './results.js';

export const PROMISED = 'a promise inside a result: await it; in transformBatch, Promise.all';

/**
 * True if there are promises among these results. Nobody will wait for them, and a rejected one would end the
 * worker.
 */
export function silencePromises(results: readonly unknown[]): boolean {
  let found = false;
  for (const result of results) {
    const value = isMarked(result) && result[RESULT] === 'emit' ? result.value : result;
    if (!isThenable(value)) continue;
    found = true;
    // Other thenables may begin their work when `then` is called.
    if (value instanceof Promise) value.catch(() => undefined);
  }
  return found;
}

/**
 * The reason why a value can't be meant as a value: it should have been returned in another way, and would be
 * encoded as `{}` or as the helper's own fields. Undefined: an ordinary value. May run user code (a proxy's
 * traps) and throw.
 */
export function misplaced(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isMarked(value)) return `${value[RESULT]}() inside emit(): return it alone`;
  if (isThenable(value)) {
    silencePromises([value]);
    return PROMISED;
  }
  return misplacedPlain(value);
}

/** The same for a value that is known to be neither the result of a helper nor a promise. */
export function misplacedPlain(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    if (value.some(isMarked)) return 'a list that holds results: say emitAll([…])';
    return silencePromises(value) ? 'a list that holds promises: await Promise.all of it' : undefined;
  }
  if ('next' in value && typeof value.next === 'function' && Symbol.iterator in value)
    return 'a generator: say emitAll([...it])';
  return undefined;
}
