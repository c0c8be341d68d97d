/** An invalid value: the reason, and what to do about it. */

export class ValueFault extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

const SHOWN_LENGTH_MAX = 80;

/** A value for a message: quoted, shortened, on one line. */
export function quote(raw: unknown): string {
  const text = typeof raw === 'string' ? raw : ((JSON.stringify(raw) as string | undefined) ?? String(raw));
  return JSON.stringify(text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text);
}

export function kindName(raw: unknown): string {
  if (raw === null) return 'nothing';
  if (Array.isArray(raw)) return 'a list';
  return typeof raw === 'object' ? 'a mapping' : quote(raw);
}
