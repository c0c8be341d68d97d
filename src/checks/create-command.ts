/** The command that creates the missing topics, as a user would type it here. */
import { relative } from 'node:path';

const PLAIN_WORD = /^[\w./@%+=:,-]+$/;

/** `file`: absolute; undefined if the configuration did not come from a file. */
export function createTopicsCommand(file: string | undefined, workingDirectory: string): string {
  if (file === undefined) return 'kd topics create';
  const near = relative(workingDirectory, file);
  const shown = near === '' || near.startsWith('..') ? file : near;
  return `kd topics create -c ${PLAIN_WORD.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`}`;
}
