/** Sizes, durations and shares as people write them: a number that always has a unit. */

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1_000],
  ['mb', 1_000_000],
  ['gb', 1_000_000_000],
  ['kib', 1_024],
  ['mib', 1_048_576],
  ['gib', 1_073_741_824],
]);

const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const QUANTITY = /^(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]*)$/;

export type Quantity =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

export function parseSize(raw: unknown): Quantity {
  return parseQuantity(raw, SIZE_UNITS, {
    what: 'size',
    plain: ['MiB', 'KiB'],
    example: '64MiB, 512KiB, 10MB',
  });
}

export function parseDuration(raw: unknown): Quantity {
  return parseQuantity(raw, DURATION_UNITS, {
    what: 'duration',
    plain: ['s', 'ms'],
    example: '250ms, 30s, 5m',
  });
}

function parseQuantity(
  raw: unknown,
  units: ReadonlyMap<string, number>,
  words: { what: string; plain: readonly string[]; example: string },
): Quantity {
  const text = String(raw).trim();
  const match = typeof raw === 'string' || typeof raw === 'number' ? QUANTITY.exec(text) : null;
  const number = match?.[1];
  if (match === null || number === undefined) {
    return {
      ok: false,
      reason: `is not a ${words.what}`,
      remedy: `write a number with its unit, for example ${words.example}`,
    };
  }
  const unit = (match[2] ?? '').toLowerCase();
  if (unit === '') {
    return {
      ok: false,
      reason: `has no unit`,
      remedy: `add the unit: ${words.plain.map((name) => text + name).join(' or ')}`,
    };
  }
  const factor = units.get(unit);
  if (factor === undefined) {
    return {
      ok: false,
      reason: `has the unknown unit "${match[2] ?? ''}"`,
      remedy: `use one of ${words.example}`,
    };
  }
  const value = Math.round(Number(number) * factor);
  if (!Number.isSafeInteger(value))
    return { ok: false, reason: 'is too large', remedy: `use one of ${words.example}` };
  return { ok: true, value };
}

const PERCENT = /^(\d{1,6}(?:\.\d{1,6})?)\s*(%?)$/;

export function parsePercent(raw: unknown): Quantity {
  const text = String(raw).trim();
  const [, number, unit] = PERCENT.exec(text) ?? [];
  if (number === undefined)
    return { ok: false, reason: 'is not a percentage', remedy: 'write for example 10% or 0.5%' };
  if (unit === '') return { ok: false, reason: 'has no unit', remedy: `add the unit: ${text}%` };
  return { ok: true, value: Number(number) };
}

export type ParsedRate =
  | { readonly ok: true; readonly unit: 'records' | 'bytes'; readonly perSecond: number }
  | { readonly ok: false; readonly reason: string; readonly remedy: string };

const RATE = /^(.*\S)\s*\/\s*s$/i;
const RATE_EXAMPLE = 'for example 50000/s for records, or 20MB/s';

/** Records or bytes per second. */
export function parseRate(raw: unknown): ParsedRate {
  const [, amount] = RATE.exec(String(raw).trim()) ?? [];
  if (amount === undefined) return { ok: false, reason: 'is not a rate', remedy: `write ${RATE_EXAMPLE}` };
  const isRecords = /^\d+$/.test(amount);
  const parsed = isRecords ? { ok: true as const, value: Number(amount) } : parseSize(amount);
  if (!parsed.ok) return { ok: false, reason: 'is not a rate', remedy: `write ${RATE_EXAMPLE}` };
  if (parsed.value < 1 || !Number.isSafeInteger(parsed.value))
    return { ok: false, reason: 'is out of range', remedy: `write at least 1, ${RATE_EXAMPLE}` };
  return { ok: true, unit: isRecords ? 'records' : 'bytes', perSecond: parsed.value };
}

export function formatPercent(percent: number): string {
  return `${percent}%`;
}

/** The shortest exact form of a number of bytes. */
export function formatSize(bytes: number): string {
  if (bytes > 0 && bytes % 1_048_576 === 0) return `${bytes / 1_048_576}MiB`;
  if (bytes > 0 && bytes % 1_024 === 0) return `${bytes / 1_024}KiB`;
  return `${bytes}B`;
}

/** The shortest exact form of a number of milliseconds. */
export function formatDuration(ms: number): string {
  if (ms > 0 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  if (ms > 0 && ms % 1_000 === 0) return `${ms / 1_000}s`;
  return `${ms}ms`;
}
