// Exits 0 when node_modules holds exactly what package-lock.json asks for, 1 when npm has to work.
// npm writes what it installed into node_modules/.package-lock.json, so two files tell it in milliseconds.
import { existsSync, readFileSync } from 'node:fs';

const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

function isInstalled() {
  if (!existsSync('node_modules/.package-lock.json')) return false;
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json')).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    // Builds for other platforms are optional and not installed.
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity && existsSync(path);
  });
}

process.exitCode = isInstalled() ? 0 : 1;
