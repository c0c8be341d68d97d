/** What must never be shown, decided by name: of the key, or of the variable or file a value was taken from. */

export const MASK = '********';

const SECRET_NAME = /pass(word|wd|phrase)?\b|passwd|secret|token|credential|api[-._]?key|private[-._]?key|access[-._]?key|jaas|key[-._]pem|keystore[-._]key|oauthbearer[-._]config/i;
/** Names that only look like it: places and addresses of secrets are not secret. */
const NOT_SECRET = /(location|file|path|endpoint|url|uri|type|algorithm)$/i;

export function isSecretName(name: string): boolean {
  const words = name.replaceAll('_', '.');
  return SECRET_NAME.test(words) && !NOT_SECRET.test(words);
}

/** Of `${NAME}` and `${file:PATH}`: here the path itself tells (`/run/secrets/x`). */
export function isSecretReference(reference: string): boolean {
  return SECRET_NAME.test(reference.replaceAll('_', '.'));
}

/** Masks the password part of addresses like `https://user:word@host`. */
export function maskUserInfo(text: string): string {
  return text.replaceAll(/(\w+:\/\/[^\s:/@]+:)[^\s/@]+@/g, `$1${MASK}@`);
}

/** Shorter secrets would blot out ordinary words. */
const SECRET_LENGTH_MIN = 4;

/** Returns a function that takes known secrets out of any text, for errors and logs that others wrote. */
export function createRedactor(secrets: Iterable<string>): (text: string) => string {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN).sort((a, b) => b.length - a.length);
  if (known.length === 0) return maskUserInfo;
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, MASK);
    return maskUserInfo(clean);
  };
}
