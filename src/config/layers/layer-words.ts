/** The layers from the command line: `--set key=value`, and other options. */
import {
  FIELD_BY_PATH,
  FIELDS,
  LATER,
  OPTIONS_PATH,
  PROPERTY_MAPS,
  SECTIONS,
  SHORTHANDS,
  TOPICS_PATH,
} from '../keys/schema.js';
import type { Origin, Problems } from '../text/problem.js';
import { emptyLayer, type Layer } from './layers.js';
import { optionOfWord } from './options.js';
import { topicsOfWord } from './topics.js';
import { KNOWN_PATHS, reportUnknownKey } from './unknown-keys.js';

/** `assignments`: texts of the form `dispatcher.threads=4`. */
export function setLayer(assignments: readonly string[], problems: Problems): Layer {
  const layer = emptyLayer();
  const origin: Origin = { kind: 'set' };
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 1) {
      problems.error(
        origin,
        null,
        'is not of the form key=value',
        'write for example --set dispatcher.threads=4',
      );
      continue;
    }
    assign(
      layer,
      assignment.slice(0, equals).trim(),
      { text: assignment.slice(equals + 1), origin },
      problems,
    );
  }
  return layer;
}

/** Sets one key by its path, as `--set` does. */
export function assign(
  layer: Layer,
  path: string,
  given: { text: string; origin: Origin },
  problems: Problems,
): void {
  const { text, origin } = given;
  const map = PROPERTY_MAPS.find((candidate) => path.startsWith(`${candidate}.`));
  const field = FIELD_BY_PATH.get(SHORTHANDS.get(path) ?? path);
  const later = LATER.get(path);
  if (map !== undefined)
    layer.properties[map].set(path.slice(map.length + 1), { value: text, origin, secret: false });
  else if (field !== undefined) layer.fields.set(field.path, { value: text, origin, secret: false });
  else if (path === OPTIONS_PATH || path.startsWith(`${OPTIONS_PATH}.`))
    optionOfWord(layer.options, path, given, problems);
  else if (path === TOPICS_PATH || path.startsWith(`${TOPICS_PATH}.`))
    topicsOfWord(layer.topics, path, given, problems);
  else if (later !== undefined) problems.error(origin, path, later, 'leave it out');
  else if (SECTIONS.has(path) || KNOWN_PATHS.includes(path))
    problems.error(
      origin,
      path,
      "is a section with keys of its own, and can't have a value",
      `set one of its keys, for example --set ${firstKeyOf(path)}=…`,
    );
  else reportUnknownKey(problems, origin, path);
}

function firstKeyOf(section: string): string {
  return FIELDS.find((field) => field.path.startsWith(`${section}.`))?.path ?? `${section}.name`;
}
