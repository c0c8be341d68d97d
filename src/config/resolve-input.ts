/** What the last step of reading a configuration works from. */
import type { Layer } from './layers.js';
import type { ClientProperties } from './properties.js';
import type { Settings } from './settings.js';

/** `job`: all that a run needs. `connection`: only what reaches Kafka. */
export type Purpose = 'job' | 'connection';

export interface ResolveInput {
  readonly settings: Settings;
  readonly merged: Layer;
  readonly clients: ClientProperties;
  /** Absolute. */
  readonly file: string | undefined;
  /** As the user named it. */
  readonly shownFile: string | undefined;
  readonly workingDirectory: string;
  readonly purpose: Purpose;
}
