/** What the last step of reading a configuration works from. */

import type { Translation } from '../client/properties.js';
import type { Layer } from '../layers/layers.js';
import type { Environment } from '../text/interpolate.js';
import type { Settings } from './settings.js';

/** `job`: all that a run needs. `connection`: only what reaches Kafka. */
export type Purpose = 'job' | 'connection';

export interface ResolveInput {
  readonly settings: Settings;
  readonly merged: Layer;
  readonly clients: Translation;
  /** Absolute. */
  readonly file: string | undefined;
  /** Absolute: every file that was read up to here. */
  readonly files: readonly string[];
  /** As the user named it. */
  readonly shownFile: string | undefined;
  readonly workingDirectory: string;
  readonly environment: Environment;
  readonly purpose: Purpose;
  readonly obtained: ((token: string) => void) | undefined;
}
