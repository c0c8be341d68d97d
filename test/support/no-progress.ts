import { ProgressBook } from '../../src/core/progress/progress-book.js';

const book = new ProgressBook();

/** Of a run in which nothing has happened. */
export const NO_PROGRESS = { progress: book.progress(), range: book.range() };
