/**
 * Makes a stream carry JSON lines only: anything else that is written to it becomes a JSON line of its own.
 */
import type { Writable } from 'node:stream';
import type { Redact } from '../../secrets/redact.js';
import { recordsOf } from './foreign-text.js';

/** An unfinished line is written after this time, or when it reaches this length. */
const PART_KEPT_MS = 250;
const PART_CHARACTERS_MAX = 65_536;

type Write = (text: string, done?: () => void) => boolean;

/** The own `write` of each stream that carries records only. */
const wrapped = new WeakMap<Writable, Write>();

/**
 * Takes effect once per stream, however often it is called. Worker threads write through this thread's
 * stream, so what a transform prints there passes through here too.
 */
export function recordsOnly(
  stream: Writable,
  redact: Redact = (text) => text,
  now = (): Date => new Date(),
): void {
  if (wrapped.has(stream)) return;
  const write = stream.write.bind(stream) as Write;
  wrapped.set(stream, write);
  let part = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = part;
    part = '';
    if (text !== '') write(recordsOf(text, now(), redact));
  };
  process.once('exit', flush);
  const writeRecords = (text: string, done?: () => void): boolean => {
    part += text;
    const end = part.length > PART_CHARACTERS_MAX ? part.length : part.lastIndexOf('\n') + 1;
    const whole = part.slice(0, end);
    part = part.slice(end);
    clearTimeout(timer);
    timer = part === '' ? undefined : setTimeout(flush, PART_KEPT_MS).unref();
    return write(whole === '' ? '' : recordsOf(whole, now(), redact), done);
  };
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    const done = typeof encoding === 'function' ? encoding : callback;
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    return writeRecords(text, typeof done === 'function' ? (done as () => void) : undefined);
  }) as typeof stream.write;
}

/**
 * The stream for the log itself, whose lines are records already. Others can't write such lines: their JSON
 * is taken apart, so that it can't pass for ours.
 */
export function forRecords(stream: Writable): Writable {
  const direct = Object.create(stream) as Writable;
  const ownWrite = stream.write.bind(stream) as Write;
  direct.write = ((text: string, done?: () => void) =>
    (wrapped.get(stream) ?? ownWrite)(text, done)) as Writable['write'];
  return direct;
}
