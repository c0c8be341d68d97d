/**
 * The fixed part of every generated encoder. Before anything is written, the generated code checks whether
 * its maximum size still fits below `L`. If not, it throws OVERFLOW, and the encoder finds the real size
 * elsewhere. `D` is the nesting depth, `U` the number of missing fields of the current record.
 */
export const ENCODE_PRELUDE = `
let B = new Uint8Array(0), X, W, L = 0, D = 0, C = 0, U = 0;

function show(value) {
  const short = (text) => text.length > SHOWN_CHARS_MAX ? text.slice(0, SHOWN_CHARS_MAX) + '\\u2026' : text;
  if (typeof value === 'string') return 'string ' + JSON.stringify(short(value));
  if (typeof value === 'number' || typeof value === 'boolean') return typeof value + ' ' + value;
  if (typeof value === 'bigint') return 'bigint ' + short(String(value));
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return typeof value;
  if (value instanceof Uint8Array) return value.length + ' bytes';
  for (const [name, type] of [['Map', Map], ['Set', Set], ['Date', Date]])
    if (value instanceof type) return 'a ' + name;
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an object without keys';
  return 'an object with ' + keys.slice(0, 5).join(', ').slice(0, SHOWN_CHARS_MAX);
}
function bad(value, expected, path) {
  if (value === undefined)
    throw new FormatError('MISSING_VALUE', path + ': expected ' + expected + ', got undefined');
  throw new FormatError('INVALID_VALUE', path + ': expected ' + expected + ', got ' + show(value));
}
function unknown(value, names, path) {
  for (const name of Object.keys(value)) {
    if (names.has(name)) continue;
    const shown = name.length > SHOWN_CHARS_MAX ? name.slice(0, SHOWN_CHARS_MAX) + '\\u2026' : name;
    const near = nearestName(name, names);
    const meant = near === undefined ? '' : '; did you mean ' + near + '?';
    const what = ': ' + NO_FIELD + ' ' + JSON.stringify(shown) + meant;
    throw new FormatError('INVALID_VALUE', path + what);
  }
}
function ill(path) {
  const what = ': the string holds half of a surrogate pair, which UTF-8 can\\'t';
  throw new FormatError('INVALID_STRING', path + what);
}
function enter(path) {
  if (++D <= NESTING_DEPTH_MAX) return;
  const what = ': nested deeper than ' + NESTING_DEPTH_MAX + ' levels, or inside itself';
  throw new FormatError('TOO_DEEP', path + what);
}
function varint(p, z) {
  const b = B;
  while (z > 127) { b[p++] = (z & 127) | 128; z >>>= 7; }
  b[p++] = z;
  return p;
}
function pieces(p, lo, mid, hi) {
  const b = B;
  if (mid === 0 && hi === 0) return varint(p, lo);
  b[p++] = (lo & 127) | 128; b[p++] = ((lo >>> 7) & 127) | 128;
  b[p++] = ((lo >>> 14) & 127) | 128; b[p++] = (lo >>> 21) | 128;
  if (hi === 0) return varint(p, mid);
  b[p++] = (mid & 127) | 128; b[p++] = ((mid >>> 7) & 127) | 128;
  b[p++] = ((mid >>> 14) & 127) | 128; b[p++] = (mid >>> 21) | 128;
  return varint(p, hi);
}
function long(p, v) {
  if (typeof v === 'number') {
    if (!Number.isSafeInteger(v)) return -1;
    const sign = v < 0 ? 1 : 0;
    const half = sign === 1 ? -v - 1 : v;
    // Below 2^26, and a product with a power of two is exact: a division costs more.
    const high = (half * ${2 ** -27}) | 0;
    return pieces(p, ((half - high * 134217728) * 2 + sign) | 0, high, 0);
  }
  if (typeof v !== 'bigint' || v > 9223372036854775807n || v < -9223372036854775808n) return -1;
  const z = BigInt.asUintN(64, (v << 1n) ^ (v >> 63n));
  return pieces(p, Number(z & 268435455n), Number((z >> 28n) & 268435455n), Number(z >> 56n));
}
function text(p, v) {
  const n = v.length, b = B;
  if (S !== undefined) {
    const k = C++;
    if (k < S.count && v === S.texts[k]) return copied(p, n, S.starts[k]);
  }
  if (n < 64) {
    const q = p + 1;
    let i = 0, all = 0;
    // Four at a time: the reads don't wait for each other.
    for (; i < n - 3; i += 4) {
      const c0 = v.charCodeAt(i), c1 = v.charCodeAt(i + 1);
      const c2 = v.charCodeAt(i + 2), c3 = v.charCodeAt(i + 3);
      all |= c0 | c1 | c2 | c3;
      b[q + i] = c0; b[q + i + 1] = c1; b[q + i + 2] = c2; b[q + i + 3] = c3;
    }
    for (; i < n; i++) {
      const c = v.charCodeAt(i);
      all |= c;
      b[q + i] = c;
    }
    if (all < 128) {
      b[p] = n << 1;
      return q + n;
    }
    // Below U+0800 there are no surrogates.
    return all < 2048 || v.isWellFormed() ? shortText(p, v, n) : -1;
  }
  return v.isWellFormed() ? longText(p, v, n) : -1;
}
function copied(p, n, s) {
  const b = B, w = W, r = S.view;
  if (n < 64) b[p++] = n << 1;
  else {
    b[p++] = (n << 1 & 127) | 128;
    b[p++] = n >>> 6;
  }
  let i = 0;
  for (; i < n - 3; i += 4) w.setInt32(p + i, r.getInt32(s + i, true), true);
  for (; i < n; i++) b[p + i] = r.getUint8(s + i);
  return p + n;
}
function shortText(p, v, n) {
  const b = B, size = X.utf8Write(v, p + 1, n * 3);
  if (size < 64) b[p] = size << 1;
  else {
    // The length takes two bytes after all.
    b.copyWithin(p + 2, p + 1, p + 1 + size);
    b[p] = (size << 1 & 127) | 128;
    b[++p] = size >>> 6;
  }
  return p + 1 + size;
}
function longText(p, v, n) {
  if (n > 2730) {
    const size = Buffer.byteLength(v);
    p = pieces(p, (size << 1) & 268435455, size >>> 27, 0);
    return p + X.utf8Write(v, p, size);
  }
  // 64 to 8,190 bytes: a length of two bytes, whatever it turns out to be.
  const size = X.utf8Write(v, p + 2, n * 3);
  varint(p, size << 1);
  return p + 2 + size;
}
function raw(p, v) {
  B.set(v, p);
  return p + v.length;
}
function isObject(v) {
  if (typeof v !== 'object' || v === null || Array.isArray(v) || v instanceof Uint8Array) return false;
  return !(v instanceof Map || v instanceof Set || v instanceof Date);
}
`;
