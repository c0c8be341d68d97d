import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with package.json above the compiled tests. */
function findProjectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error('no package.json above the compiled tests: build into a folder inside the project');
    }
    folder = parent;
  }
  return folder;
}

export const projectRoot = findProjectRoot();

/** The compiled tree that contains this file, e.g. `<project>/build`. */
export const buildRoot = fileURLToPath(new URL('../../', import.meta.url));
