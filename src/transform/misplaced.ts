import { isMarked, isThenable, RESULT } from './results.js';

/**
 * Why a value can't be meant as one: something that was to be returned in another way, and would be encoded as `{}` or as the helper's own fields.
 * Undefined: a value like any other. May run code of the user (a proxy's traps) and throw.
 */
export function misplaced(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return value.some(isMarked) ? 'a list that holds results: say emitAll([…])' : undefined;
  if (isMarked(value)) return `${value[RESULT]}() inside of emit(): return it alone`;
  if (isThenable(value)) {
    // Rejected with nobody waiting, it would end the worker.
    value.then(undefined, () => undefined);
    return 'a promise inside of a result: await it; in transformBatch, Promise.all';
  }
  if ('next' in value && typeof value.next === 'function' && Symbol.iterator in value) return 'a generator: say emitAll([...it])';
  return undefined;
}
