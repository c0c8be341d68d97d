import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { RecordPlace } from '../../dispatcher/trace.js';
import type { Logger } from '../../ports/logger.js';
import type { JobAddress } from '../running/job-address.js';
import type { Budget } from './scan.js';

export interface WhyRequest {
  readonly config: ResolvedConfig;
  readonly logger: Logger;
  readonly place: RecordPlace;
  /** Undefined: that of the running job, else of the configuration. */
  readonly group: string | undefined;
  /** Undefined: there is none to ask. */
  readonly job: JobAddress | undefined;
  readonly receipt: string | undefined;
  readonly budget: Budget;
}
