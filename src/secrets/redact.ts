/** Removes known secrets from text before it is shown. */

export const MASK = '********';

export type Redact = (text: string) => string;

/** Redacting shorter values would blank out ordinary words. */
const SECRET_LENGTH_MIN = 4;
/** Masks the password part of addresses like `https://user:word@host`. */
export function maskUserInfo(text: string): string {
  return text.replaceAll(/(:\/\/[^\s:/@]{0,256}:)[^\s/]{1,1024}@/g, `$1${MASK}@`);
}

/**
 * Patterns that are removed even when they are not known secrets: signed tokens, those of MSK IAM (a
 * base64url address), and AWS request signatures.
 */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g, MASK],
  [/\baHR0cHM6Ly9rYWZrY[\w-]{20,}/g, MASK],
  [/\b(Bearer|Basic) (?=[\w.~+/-]*\d)[\w.~+/-]{12,}=*/g, `$1 ${MASK}`],
  [/\b(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s"']+/g, `$1${MASK}`],
];

/** Shorter pieces of base64 could be ordinary words. */
const BASE64_LENGTH_MIN = 6;
/** Lines of a secret of several lines, such as a key in PEM. */
const LINE_LENGTH_MIN = 16;

/** Plain, JSON-escaped, URL-encoded, and in base64; if there are several lines, each of them as well. */
function formsOf(secret: string): readonly string[] {
  const encodings = [encoded(secret), formEncoded(secret)];
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    ...encodings,
    ...encodings.map((text) => text.replaceAll(/%[\dA-F]{2}/g, (byte) => byte.toLowerCase())),
    ...base64Of(secret),
    ...linesOf(secret),
  ];
}

/**
 * The secret alone, and within a longer text (`user:password`), where it begins at any of three places of a
 * group of bytes. Its first and last characters may then depend on the text around it.
 */
function base64Of(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const within = [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    const [first, last] = [Math.ceil((before * 8) / 6), Math.floor((all.length * 8) / 6)];
    return [all.toString('base64'), all.toString('base64url')].map((text) => text.slice(first, last));
  });
  return [
    bytes.toString('base64').replaceAll('=', ''),
    bytes.toString('base64url'),
    ...within.filter((text) => text.length >= BASE64_LENGTH_MIN),
  ];
}

function linesOf(secret: string): readonly string[] {
  if (!secret.includes('\n')) return [];
  const lines = secret.split('\n').map((line) => line.trim());
  return lines.filter((line) => line.length >= LINE_LENGTH_MIN && !line.startsWith('-----'));
}

function encoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // Half of a surrogate pair can't be encoded.
    return secret;
  }
}

/** As in the body of a posted form: `+` for a blank. */
function formEncoded(secret: string): string {
  return new URLSearchParams([['', secret]]).toString().slice(1);
}

/** Masks secrets in text that may quote them. Pass it values only, never structure. */
export function redactor(secrets: Iterable<string>): Redact {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN);
  const forms = [...new Set(known.flatMap(formsOf))];
  return (text) => {
    let clean = masked(text, forms);
    for (const [shape, mask] of SHAPES) clean = clean.replaceAll(shape, mask);
    return maskUserInfo(clean);
  };
}

interface Range {
  readonly start: number;
  end: number;
}

/** All forms are looked for in the original text: where two overlap, nothing of either may be left. */
function masked(text: string, forms: readonly string[]): string {
  const found = forms.flatMap((form) => rangesOf(text, form));
  if (found.length === 0) return text;
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  let clean = '';
  let end = 0;
  for (const range of found) {
    if (range.start >= end) clean += text.slice(end, range.start) + MASK;
    end = Math.max(end, range.end);
  }
  return clean + text.slice(end);
}

function rangesOf(text: string, form: string): readonly Range[] {
  const ranges: Range[] = [];
  let last: Range | undefined;
  for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + 1)) {
    const end = start + form.length;
    if (last !== undefined && start < last.end) last.end = end;
    else {
      last = { start, end };
      ranges.push(last);
    }
  }
  return ranges;
}
