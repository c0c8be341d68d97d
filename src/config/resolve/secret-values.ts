/** Decides which values of a configuration must not be shown, by their names and origins. */

import { isSecretName, namedEntries } from '../../secrets/names.js';
import type { Entry, Layer } from '../layers/layers.js';
import type { Environment } from '../text/interpolate.js';

/** Shorter values of variables are words like `true`, even if the name looks like a secret. */
const VARIABLE_LENGTH_MIN = 8;

export function secretsOf(merged: Layer): readonly string[] {
  return [merged.fields, merged.options, ...Object.values(merged.properties)].flatMap(secretsAmong);
}

function secretsAmong(entries: ReadonlyMap<string, Entry<unknown>>): readonly string[] {
  const secrets: string[] = [];
  const collect = (path: string, value: unknown, secret: boolean): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [name, child] of namedEntries(value)) collect(`${path}.${name}`, child, secret);
    } else if (secret || isSecretName(path)) {
      secrets.push(String(value));
    }
  };
  for (const [name, entry] of entries) collect(name, entry.value, entry.secret);
  return secrets;
}

/**
 * Credentials of AWS, of token providers and of transforms: kd does not read them, but errors of those
 * libraries may quote them.
 */
export function secretsOfEnvironment(environment: Environment): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && value.length >= VARIABLE_LENGTH_MIN && !value.startsWith('/') && isSecretName(name)
      ? [value]
      : [],
  );
}
