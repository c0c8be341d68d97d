import assert from 'node:assert/strict';
import { DispatcherError, type ErrorCode } from '../../src/core/errors.js';

/** For assert.rejects and assert.throws: the code, and words of the message or the remedy. */
export function refused(code: ErrorCode, ...words: readonly RegExp[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof DispatcherError, String(error));
    assert.equal(error.code, code, error.message);
    for (const text of words) assert.match(`${error.message}; ${error.remedy ?? ''}`, text);
    return true;
  };
}
