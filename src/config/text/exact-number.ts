/** Numbers of `dispatcher.options`: what a JavaScript number would change must not be changed silently. */

type NumberFault = readonly [message: string, remedy: string];

/**
 * `text` as written and the value YAML made of it; undefined if the value says the same as the text. The
 * message doesn't quote it: it may come from a secret.
 */
export function numberFault(text: string, value: unknown): NumberFault | undefined {
  if (typeof value !== 'number') return undefined;
  if (/^[-+]?0\d/.test(text))
    return [
      'is written with leading zeros, which a number loses',
      'put it in quotes to keep it as text, or write it without the zeros',
    ];
  const written = significant(text);
  const same =
    written === undefined
      ? !Number.isFinite(value) || Math.abs(value) <= Number.MAX_SAFE_INTEGER
      : written === significant(`${value}`);
  if (same) return undefined;
  return ['has more digits than a number can hold', 'put it in quotes to keep it as text'];
}

const DECIMAL = /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d{1,6}))?$/;

/** A decimal number in canonical form, the same for 1.10 and 11e-1; undefined for hex and octal. */
function significant(text: string): string | undefined {
  const [all, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (all === undefined) return undefined;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  if (kept === '') return '0';
  const power = Number(exponent) - fraction.length + digits.length - kept.length;
  return `${sign === '-' ? '-' : ''}${kept}e${power}`;
}
