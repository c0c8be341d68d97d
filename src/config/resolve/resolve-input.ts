/** The input of the last step of reading a configuration. */

import type { Translation } from '../client/properties.js';
import type { Layer } from '../layers/layers.js';
import type { Environment } from '../text/interpolate.js';
import type { ContainerLimits } from './control-groups.js';
import type { Settings } from './settings.js';

/** `job`: everything that a run needs. `connection`: only what is needed to connect to Kafka. */
export type Purpose = 'job' | 'connection';

export interface ResolveInput {
  readonly settings: Settings;
  readonly merged: Layer;
  readonly clients: Translation;
  /** Absolute. */
  readonly file: string | undefined;
  /** Absolute paths of every file that was read so far. */
  readonly files: readonly string[];
  /** As the user named it. */
  readonly shownFile: string | undefined;
  readonly workingDirectory: string;
  readonly environment: Environment;
  readonly limits: ContainerLimits;
  /** Then what they take is judged for all together. */
  readonly isOneOfSeveral: boolean;
  readonly purpose: Purpose;
  readonly obtained: ((token: string) => void) | undefined;
}
