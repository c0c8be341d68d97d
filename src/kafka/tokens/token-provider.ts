/** The interface of every token source; finds and calls functions of modules without types. */

export interface TokenProvider {
  /** For messages: the signer, or the module's path. */
  readonly name: string;
  /**
   * Requests a new token; errors and answers of the function are not checked here. It may react to the
   * signal.
   */
  readonly ask: (signal: AbortSignal) => Promise<unknown>;
}

/** Reads a property of any value; undefined if it has no such property. */
export function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

type Callable = (options: unknown) => unknown;

export async function call(callee: unknown, options: unknown): Promise<unknown> {
  return (callee as Callable)(options);
}
