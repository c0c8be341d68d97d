/**
 * The fixed part of every generated decoder. Positions are absolute in the block `B`; `E` is the record's
 * end. Varints may read up to ten bytes without a check, but a position beyond `E` is refused before anything
 * read there is used as a length, a count or an end of nesting, and before the value is returned. `P` returns
 * the position from a function. `T` is the text of `[O, Q)`, the window from which short strings are cut.
 */
export const DECODE_PRELUDE = `
let B = new Uint8Array(0), X, W, T = '', O = 0, Q = 0, E = 0, P = 0, D = 0, Z = 0;

function fail(code, text, p) {
  if (p <= E) throw new FormatError(code, text);
  const path = text.slice(0, text.indexOf(':'));
  throw new FormatError('TRUNCATED', path + ': the record ends in the middle of its data');
}
function trailing(at, p) {
  const what = ' bytes follow the record\\'s data; is it the right schema?';
  fail('TRAILING_BYTES', at + (E - p) + what, p);
}
function small(lo, p) {
  P = p;
  return (lo >>> 1) ^ -(lo & 1);
}
function intTail(p, c, path) {
  const b = B;
  let lo = c & 127;
  c = b[p++]; lo |= (c & 127) << 7; if (c < 128) return small(lo, p);
  c = b[p++]; lo |= (c & 127) << 14; if (c < 128) return small(lo, p);
  c = b[p++]; lo |= (c & 127) << 21; if (c < 128) return small(lo, p);
  c = b[p++]; lo |= (c & 15) << 28;
  if (c > 15 || p > E) fail('INVALID_INT', path + ': an int has at most 32 bits', p);
  return small(lo, p);
}
function sizeTail(p, c, path) {
  const b = B;
  let lo = c & 127;
  c = b[p++]; lo |= (c & 127) << 7; if (c < 128) return small(lo, p);
  c = b[p++]; lo |= (c & 127) << 14; if (c < 128) return small(lo, p);
  c = b[p++]; lo |= (c & 127) << 21; if (c < 128) return small(lo, p);
  c = b[p++]; lo |= (c & 15) << 28;
  if (c > 15 || p > E) fail('INVALID_LENGTH', path + ': claims a length or count beyond 2^31', p);
  return small(lo, p);
}
let L0 = 0, L1 = 0, L2 = 0;
function parts(p, c, path) {
  const b = B;
  let lo = c & 127, mid = 0, hi = 0;
  done: {
    if (c < 128) break done;
    c = b[p++]; lo |= (c & 127) << 7; if (c < 128) break done;
    c = b[p++]; lo |= (c & 127) << 14; if (c < 128) break done;
    c = b[p++]; lo |= (c & 127) << 21; if (c < 128) break done;
    c = b[p++]; mid = c & 127; if (c < 128) break done;
    c = b[p++]; mid |= (c & 127) << 7; if (c < 128) break done;
    c = b[p++]; mid |= (c & 127) << 14; if (c < 128) break done;
    c = b[p++]; mid |= (c & 127) << 21; if (c < 128) break done;
    c = b[p++]; hi = c & 127; if (c < 128) break done;
    c = b[p++]; hi |= (c & 1) << 7;
    if (!(c <= 1)) fail('INVALID_LONG', path + ': a long has at most 64 bits', p);
  }
  if (p > E) fail('TRUNCATED', path + ': ', p);
  P = p; L0 = lo; L1 = mid; L2 = hi;
}
function longTail(p, c, path) {
  // Up to seven bytes: every such value is exact.
  const b = B;
  let q = p, n = c, lo = c & 127, mid = 0;
  done: {
    n = b[q++]; lo |= (n & 127) << 7; if (n < 128) break done;
    n = b[q++]; lo |= (n & 127) << 14; if (n < 128) break done;
    n = b[q++]; lo |= (n & 127) << 21; if (n < 128) break done;
    n = b[q++]; mid = n & 127; if (n < 128) break done;
    n = b[q++]; mid |= (n & 127) << 7; if (n < 128) break done;
    n = b[q++]; mid |= (n & 127) << 14; if (n < 128) break done;
    return wideLong(p, c, path);
  }
  if (q > E) return wideLong(p, c, path);
  P = q;
  const half = mid * 134217728 + (lo >>> 1);
  return lo & 1 ? -half - 1 : half;
}
function wideLong(p, c, path) {
  parts(p, c, path);
  const high = L1 + L2 * 268435456;
  const half = high * 134217728 + (L0 >>> 1);
  const value = L0 & 1 ? -half - 1 : half;
  if (high > 67108863 || value === -9007199254740992) {
    const what = ": a long beyond \\u00b1(2^53 \\u2212 1), which a JavaScript number can't hold exactly";
    fail('UNSAFE_LONG', path + what + '; set input.long to bigint', P);
  }
  return value;
}
function longAny(p, path) {
  const c = B[p++];
  parts(p, c, path);
  const half = (L1 + L2 * 268435456) * 134217728 + (L0 >>> 1);
  return L0 & 1 ? -half - 1 : half;
}
const I64 = new BigInt64Array(1), I32 = new Int32Array(I64.buffer);
function longBig(p, path) {
  const c = B[p++];
  parts(p, c, path);
  const low = L0 | (L1 << 28), high = (L1 >>> 4) | (L2 << 24), sign = -(L0 & 1);
  I32[0] = ((low >>> 1) | (high << 31)) ^ sign;
  I32[1] = (high >>> 1) ^ sign;
  return I64[0];
}
function text(p, n, path) {
  const q = p + n, b = B;
  if (n < 256) {
    const w = W;
    let all = 0, tail = 0, i = p;
    for (; i < q - 3; i += 4) all |= w.getInt32(i, true);
    for (; i < q; i++) tail |= b[i];
    if ((all & 0x80808080) === 0 && tail < 128) {
      if (q > Q || p < O) {
        // Batches are packed downwards: just before a small record are the next ones, whose strings
        // are decoded with it.
        O = !STABLE || E - p > TEXT_WINDOW_BYTES / 4 ? p : Math.max(0, E - TEXT_WINDOW_BYTES);
        Q = E - p > TEXT_WINDOW_BYTES ? p + TEXT_WINDOW_BYTES : E;
        T = X.latin1Slice(O, Q);
      }
      const found = T.substring(p - O, q - O);
      if (S !== undefined) {
        const k = S.count;
        if (k < S.texts.length) { S.texts[k] = found; S.starts[k] = p; S.count = k + 1; }
      }
      return found;
    }
  }
  return wide(p, q, path);
}
function utf8(p, n, path) {
  const q = p + n, b = B, w = W;
  let all = 0, tail = 0, i = p;
  for (; i < q - 3; i += 4) all |= w.getInt32(i, true);
  for (; i < q; i++) tail |= b[i];
  if ((all & 0x80808080) !== 0 || tail > 127) wide(p, q, path);
}
function wide(p, q, path) {
  try {
    return utf8Text(X, p, q);
  } catch (cause) {
    fail(cause.code, path + ': ' + cause.message, p);
  }
}
function copy(p, n) {
  const value = Buffer.allocUnsafe(n);
  X.copy(value, 0, p, p + n);
  return value;
}
function zeros(n, path, p) {
  Z += n;
  if (Z <= ZERO_BYTE_ITEMS_MAX) return;
  const what = ': more than ' + ZERO_BYTE_ITEMS_MAX + ' items that take no bytes';
  fail('TOO_MANY_ITEMS', path + what, p);
}
function enter(path, p) {
  if (p > E) fail('TRUNCATED', path + ': ', p);
  if (++D <= NESTING_DEPTH_MAX) return;
  fail('TOO_DEEP', path + ': nested deeper than ' + NESTING_DEPTH_MAX + ' levels', p);
}
`;
