/** Removes known secrets from text before it is shown. */

export const MASK = '********';

export type Redact = (text: string) => string;

/** Redacting shorter values would blank out ordinary words. */
const SECRET_LENGTH_MIN = 4;
/** Masks the password part of addresses like `https://user:word@host`. */
export function maskUserInfo(text: string): string {
  return text.replaceAll(/(:\/\/[^\s:/@]{0,256}:)[^\s/@]{1,1024}@/g, `$1${MASK}@`);
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

/** Plain, JSON-escaped, URL-encoded, and in base64. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString('base64').replaceAll('=', '');
  return [
    ...new Set([
      secret,
      JSON.stringify(secret).slice(1, -1),
      encoded(secret),
      base64,
      bytes.toString('base64url'),
    ]),
  ];
}

function encoded(secret: string): string {
  try {
    return encodeURIComponent(secret);
  } catch {
    // Half of a surrogate pair can't be encoded.
    return secret;
  }
}

/** Masks secrets in text that may quote them. Pass it values only, never structure. */
export function redactor(secrets: Iterable<string>): Redact {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN);
  const forms = [...new Set(known.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const form of forms) clean = clean.replaceAll(form, MASK);
    for (const [shape, mask] of SHAPES) clean = clean.replaceAll(shape, mask);
    return maskUserInfo(clean);
  };
}
