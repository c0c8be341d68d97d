/** Keys with their line in the configuration, for remedies. */
import type { LineOf } from '../checks/check.js';
import { TOPICS_PATH } from '../config/keys/schema.js';
import type { Loaded } from '../config/load.js';
import { formatOrigin, type Origin } from '../config/text/problem.js';

export function lineOf(loaded: Loaded): LineOf {
  return (key) => {
    const property = /^kafka\.(consumer|producer)\.properties\.(.+)$/.exec(key);
    if (property !== null) {
      const side = property[1] === 'consumer' ? 'consumer' : 'producer';
      const written = loaded.config?.[side].origins.get(property[2] ?? '');
      return written === undefined || written.place === '' ? key : `${written.key} (${written.place})`;
    }
    const origin = originOf(loaded, key);
    return origin === undefined || origin.kind === 'default' || origin.kind === 'built-in'
      ? key
      : `${key} (${formatOrigin(origin)})`;
  };
}

function originOf({ details: { settings, merged } }: Loaded, key: string): Origin | undefined {
  if (!key.startsWith(`${TOPICS_PATH}.`)) return key === TOPICS_PATH ? undefined : settings.origin(key);
  const rest = key.slice(TOPICS_PATH.length + 1);
  const topic = [...merged.topics.keys()].find((name) => rest.startsWith(`${name}.`));
  return topic === undefined
    ? undefined
    : merged.topics.get(topic)?.get(rest.slice(topic.length + 1))?.origin;
}
