import { FormatError } from '../../formats/format.js';
import type { Rejection, Stage } from '../../ports/transform-pool.js';
import { networkFaultOf } from './network-fault.js';

/**
 * A rejected record on its way to becoming a dead letter. `exception` is set if the user's code threw an
 * error.
 */
export class Rejected {
  readonly rejection: Rejection;
  readonly exception: ThrownDescription | undefined;

  constructor(rejection: Rejection, exception?: ThrownDescription) {
    this.rejection = rejection;
    this.exception = exception;
  }
}

export interface ThrownDescription {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Longer texts are cut before they are searched: the rest would be cut off anyway. */
const SEARCHED_CHARACTERS_MAX = 16_384;

/** Removes secrets, which errors of the user's code may quote. */
export function redacted({ rejection, exception }: Rejected, redact: (text: string) => string): Rejected {
  const clean = (text: string): string => redact(text.slice(0, SEARCHED_CHARACTERS_MAX));
  const message = clean(String(rejection.message));
  if (exception === undefined) return new Rejected({ ...rejection, message });
  const stack = exception.stack === undefined ? undefined : clean(exception.stack);
  return new Rejected(
    { ...rejection, message },
    { name: clean(exception.name), message: clean(exception.message), stack },
  );
}

export const TRANSFORM_ERROR = 'TRANSFORM_ERROR';

const CODE = /^[A-Z][A-Z0-9_]{0,99}$/;

export function isCode(text: unknown): text is string {
  return typeof text === 'string' && CODE.test(text);
}

export function refuse(stage: Stage, code: string, message: string): Rejected {
  return new Rejected({ stage, code, message });
}

/** For errors of a codec (with their own code) and of user functions. */
export function refuseThrown(stage: Stage, thrown: unknown): Rejected {
  try {
    if (thrown instanceof FormatError) {
      const code = isCode(thrown.code) ? thrown.code : 'FORMAT_ERROR';
      return new Rejected(
        { stage, code, message: thrown.message },
        { name: thrown.name, message: thrown.message, stack: undefined },
      );
    }
    const description = describeThrown(thrown);
    return new Rejected({ stage, code: TRANSFORM_ERROR, message: description.message }, description);
  } catch {
    // Anything can be thrown, even a proxy whose traps throw, also at `instanceof`.
    return refuse(stage, TRANSFORM_ERROR, 'something was thrown that cannot be described');
  }
}

export function describeThrown(thrown: unknown): ThrownDescription {
  if (thrown instanceof Error) {
    const stack: unknown = thrown.stack;
    return {
      name: String(thrown.name),
      message: withCause(thrown),
      stack: typeof stack === 'string' ? stack : undefined,
    };
  }
  return {
    name: typeof thrown,
    message: `something that is not an Error was thrown: ${String(thrown)}`,
    stack: undefined,
  };
}

/** `fetch failed` alone says nothing; its cause does. */
function withCause(thrown: Error): string {
  const message = String(thrown.message);
  const fault = networkFaultOf(thrown);
  return fault === undefined || message.includes(fault.code) ? message : `${message} (${fault.words})`;
}
