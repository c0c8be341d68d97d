/** The configuration in use, for `/config`: every value, its origin, and no secret. */
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Loaded } from '../config/load.js';
import { shownValues } from '../config/show/show.js';
import type { Redact } from './status.js';

type Details = Pick<Loaded, 'details'>;

export interface ShownConfig {
  readonly name: string;
  readonly file: string | null;
  readonly entries: readonly { readonly key: string; readonly value: unknown; readonly origin: string }[];
}

/** Remembers how each configuration of a run came about: reloading brings others. */
export class ConfigBook {
  /** By a part that stays the same where only the levels of the log are replaced. */
  readonly #details = new WeakMap<ResolvedConfig['dispatcher'], Details>();

  note(config: ResolvedConfig | undefined, loaded: Details | undefined): void {
    if (config !== undefined && loaded !== undefined) this.#details.set(config.dispatcher, loaded);
  }

  /** Values are redacted too: a secret may be in a place where none belongs. */
  shown(config: ResolvedConfig, redact: Redact): ShownConfig {
    const details = this.#details.get(config.dispatcher);
    const rows = details === undefined ? [] : shownValues(config, details);
    return {
      name: config.name,
      file: config.file ?? null,
      entries: rows.map(({ path, value, origin }) => ({
        key: path.join('.'),
        value: clean(value, redact),
        origin: redact(origin),
      })),
    };
  }
}

function clean(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => clean(item, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, clean(item, redact)]));
}
