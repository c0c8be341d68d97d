/** Keys of a terminal, one by one. */
import { emitKeypressEvents, type Key } from 'node:readline';
import type { CliIo } from '../io.js';

type Input = CliIo['stdin'];

/** `name` is readline's, with `ctrl-` before it, or the character. Returns a function that stops it. */
export function onKeys(input: Input, handle: (name: string) => void): () => void {
  if (input.isTTY !== true || input.setRawMode === undefined) return () => undefined;
  const listener = (text: string | undefined, key: Key): void => {
    const name = key.name ?? text ?? '';
    handle(key.ctrl === true ? `ctrl-${name}` : text === '?' ? '?' : name);
  };
  emitKeypressEvents(input);
  input.setRawMode(true);
  input.on('keypress', listener);
  input.resume();
  return () => {
    input.off('keypress', listener);
    input.setRawMode?.(false);
    input.pause();
  };
}
