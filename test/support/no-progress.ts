import { measuredIn, newRunBooks } from '../../src/core/books/run-books.js';
import { ProgressBook } from '../../src/core/progress/progress-book.js';

const book = new ProgressBook();

/** Of a run in which nothing has happened. */
export const NO_PROGRESS = { progress: book.progress(), range: book.range() };
export const NOTHING_MEASURED = measuredIn(newRunBooks());
