/** The log of the process, for whoever displays it. */
export { recordsOnly } from '../../adapters/logging/records-only.js';
export { type ClosableLogger, createLogger, isJson } from '../../adapters/logging/winston-logger.js';
