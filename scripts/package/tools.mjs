// What the steps of packaging share: running programs, saying how far it is, failing with a remedy.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const MINUTES_MAX = 15;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export function say(text) {
  console.log(`package: ${text} (${Math.round(performance.now() / 1000)} s)`);
}

export function fail(text) {
  console.error(`package: ${text}`);
  process.exit(1);
}

/** Standard output; any other end than 0 ends the packaging. `env`: added, undefined removes. */
export function run(command, args, { cwd = ROOT, env = {}, input } = {}) {
  const result = attempt(command, args, { cwd, env, input });
  if (result.error) fail(`${command}: ${result.error.message}`);
  if (result.status !== 0)
    fail(
      `${command} ${args.join(' ')} ended with ${result.status ?? result.signal}:\n` +
        `${result.stdout}${result.stderr}`,
    );
  return result.stdout;
}

export function attempt(command, args, { cwd = ROOT, env = {}, input } = {}) {
  return spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    input,
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
    timeout: MINUTES_MAX * 60_000,
  });
}

/** Paths relative to `folder`, of files and links, sorted. */
export function filesIn(folder, below = '') {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? filesIn(folder, path) : [path];
    });
}

export function digest(algorithm, path, encoding) {
  return createHash(algorithm).update(readFileSync(path)).digest(encoding);
}

/** As `du -sm`, rounded up. */
export function megabytes(folder) {
  return Number.parseInt(run('du', ['-sm', folder]), 10);
}
