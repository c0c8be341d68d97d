/**
 * Decides by name which values are secret: the name of the key, or of the variable or file that a value came
 * from.
 */

export { MASK, maskUserInfo } from './redact.js';

const SECRET_WORDS = [
  'pass(word|wd|phrase)',
  '\\bpass\\b',
  '[.-]pwd\\b',
  'secret',
  'token',
  'credential',
  'api[-._]?key',
  'private[-._]?key',
  'access[-._]?key',
  '(encryption|signing|hmac|shared|master|account)[-._]?key',
  '\\bauthorization$',
  'jaas',
  'key[-._]pem',
  'keystore[-._]key',
  'oauthbearer[-._]config',
  'auth[-._]user[-._]info',
];
const SECRET_NAME = new RegExp(SECRET_WORDS.join('|'), 'i');
/** Names that only look secret: paths and addresses of secrets may be shown. */
const NOT_SECRET = /(location|file|path|endpoint|url|uri|type|algorithm)$/i;

export function isSecretName(name: string): boolean {
  const words = name.replaceAll('_', '.');
  return SECRET_NAME.test(words) && !NOT_SECRET.test(words);
}

/** The name in `${NAME}` or the path in `${file:PATH}` (`/run/secrets/x`). */
export function isSecretReference(reference: string): boolean {
  return SECRET_NAME.test(reference.replaceAll('_', '.'));
}

/**
 * How the entries of a section are named. In lists such as `headers: [{ name: Authorization, value: … }]` the
 * name of a value stands beside it.
 */
export function namedEntries(section: object): readonly (readonly [string, unknown])[] {
  const entries = Object.entries(section) as [string, unknown][];
  const [, neighbour] = entries.find(([key]) => key === 'name' || key === 'key') ?? [];
  if (typeof neighbour !== 'string') return entries;
  return entries.map(([key, child]) => (key === 'value' ? [neighbour, child] : [key, child]));
}
