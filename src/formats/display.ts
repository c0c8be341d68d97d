/**
 * Converts a decoded value to one that JSON.stringify prints for people: BigInts as decimal text, bytes as
 * text if they are printable UTF-8 and as base64 otherwise, values without JSON (NaN, infinities, undefined)
 * as text.
 */
export function toDisplay(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === undefined) return 'undefined';
  if (value instanceof Uint8Array) return displayBytes(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (Array.isArray(value)) return value.map(toDisplay);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, toDisplay(child)]));
}

// A byte order mark is part of the text.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BASE64 = 'base64:';

function displayBytes(bytes: Uint8Array): string {
  // TextDecoder refuses shared memory.
  const copy = Buffer.from(bytes);
  try {
    const text = strictUtf8.decode(copy);
    // A text that begins like base64 would be read back as bytes.
    if (!text.startsWith(BASE64) && !/[\p{Cc}\p{Cs}]/u.test(text.replace(/[\t\n\r]/g, ''))) return text;
  } catch {
    // Not text: shown as base64 below.
  }
  return `${BASE64}${copy.toString('base64')}`;
}
