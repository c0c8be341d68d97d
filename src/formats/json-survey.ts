/** One walk through a parsed value finds what its text must be searched for. */

/** Between these, a number of up to 15 digits survives conversion to a double, whatever its exponent is. */
const SMALL = 1e-290;
const LARGE = 1e290;

/** The survey of the last value; the object is reused, because there is one per record. */
const last = { keys: 0, hasExtremeNumber: false, hasProtoKey: false };

/**
 * The number of keys in a value, whether one of them is `__proto__`, and whether one of its numbers is 0,
 * tiny or huge, as a literal beyond the range of a double becomes. Valid until the next call.
 */
export function survey(value: unknown): Readonly<typeof last> {
  last.keys = 0;
  last.hasExtremeNumber = false;
  last.hasProtoKey = false;
  visit(value);
  return last;
}

function visit(value: unknown): void {
  if (typeof value === 'number') {
    const size = value < 0 ? -value : value;
    if (size <= SMALL || size >= LARGE) last.hasExtremeNumber = true;
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item !== 'string') visit(item);
    return;
  }
  for (const key in value) {
    last.keys += 1;
    if (key === '__proto__') last.hasProtoKey = true;
    const child: unknown = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof child !== 'string') visit(child);
  }
}
