/** Words the problem of an unknown key, for all layers alike. */
import { FIELDS, LATER, OPTIONS_PATH, PROPERTY_MAPS, SECTIONS, TOPICS_PATH } from '../keys/schema.js';
import { nearestKey } from '../text/nearest.js';
import type { Origin, Position, Problems } from '../text/problem.js';

/** Every path that a suggestion may name. */
export const KNOWN_PATHS: readonly string[] = [
  ...FIELDS.map((field) => field.path),
  ...PROPERTY_MAPS,
  OPTIONS_PATH,
  TOPICS_PATH,
  ...SECTIONS,
];

/** Reports an unknown key, for all layers alike. */
export function reportUnknownKey(problems: Problems, where: Origin | Position, path: string): void {
  const cut = path.lastIndexOf('.');
  const section = cut < 0 ? '' : path.slice(0, cut);
  const key = path.slice(cut + 1);
  const later = LATER.get(nearestKey(section, key, KNOWN_PATHS) ?? '');
  const near = nearestKey(section, key, KNOWN_PATHS);
  const remedy =
    near === undefined
      ? 'see configs/kd.example.yml for every key'
      : later === undefined
        ? `did you mean ${near}?`
        : `${near} is meant, but ${later}`;
  problems.error(where, path, 'there is no such key', remedy);
}
