/** Takes known secrets out of text, wherever it is about to be shown. */

export const MASK = '********';

/** Shorter ones would blot out ordinary words. */
const SECRET_LENGTH_MIN = 4;

/** Masks the password part of addresses like `https://user:word@host`. */
export function maskUserInfo(text: string): string {
  return text.replaceAll(/(\w+:\/\/[^\s:/@]{0,256}:)[^\s/@]{1,1024}@/g, `$1${MASK}@`);
}

/** For errors and log lines that others wrote, which may quote what they were given. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= SECRET_LENGTH_MIN).sort((a, b) => b.length - a.length);
  // A secret inside a JSON line stands there with its quotes and backslashes escaped.
  const forms = known.flatMap((secret) => [...new Set([secret, JSON.stringify(secret).slice(1, -1)])]);
  return (text) => maskUserInfo(forms.reduce((clean, secret) => clean.replaceAll(secret, MASK), text));
}
