/** Redaction as the loggers use it. */
export { redactor } from '../core/redact.js';
