/** `kd validate --explain`: the properties of each client, for people. */

import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Loaded } from '../config/load.js';
import { type ExplainedProperty, explainClient } from '../config/show/explain.js';
import { type CliIo, colorsFor } from './io.js';

export interface Explained {
  readonly consumer: readonly ExplainedProperty[];
  readonly producer: readonly ExplainedProperty[];
}

export function explainBoth(config: ResolvedConfig, loaded: Loaded): Explained {
  return {
    consumer: explainClient('consumer', config, loaded),
    producer: explainClient('producer', config, loaded),
  };
}

export function printExplained(explained: Explained, io: CliIo): void {
  const color = colorsFor(io.stdout, io.env);
  for (const side of ['consumer', 'producer'] as const) {
    io.stdout.write(`${color.bold(side)}\n`);
    for (const { name, value, origin, key, explanation } of explained[side]) {
      const written = key === null || key === name || key.endsWith(`.${name}`) ? '' : `, ${key}`;
      const why = explanation === '' || explanation === key ? '' : `: ${explanation}`;
      io.stdout.write(`  ${name} = ${value}\n    ${color.dim(`${origin}${written}${why}`)}\n`);
    }
    io.stdout.write('\n');
  }
}
