/** The line that creates what is missing, as one would type it here. */
import { relative } from 'node:path';

const PLAIN_WORD = /^[\w./@%+=:,-]+$/;

/** `file`: absolute; undefined where the configuration came without one. */
export function createTopicsCommand(file: string | undefined, workingDirectory: string): string {
  if (file === undefined) return 'kd topics create';
  const near = relative(workingDirectory, file);
  const shown = near === '' || near.startsWith('..') ? file : near;
  return `kd topics create -c ${PLAIN_WORD.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`}`;
}
