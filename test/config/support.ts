import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { ResolvedConfig } from '../../src/config/keys/resolved.js';
import { type Loaded, type LoadRequest, loadConfiguration } from '../../src/config/load.js';
import type { Problem } from '../../src/config/text/problem.js';

const directory = mkdtempSync(join(tmpdir(), 'kd-config-'));
after(() => rmSync(directory, { recursive: true, force: true }));

export { directory };

/** The least that a job needs; tests add to it. */
export const MINIMAL = `kafka:
  bootstrap-servers: a:9092
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
`;

export function write(name: string, text: string | Uint8Array): string {
  writeFileSync(join(directory, name), text);
  return name;
}

/** Loads `text` as kd.yml. */
export function load(text: string | Uint8Array, more: Partial<LoadRequest> = {}): Loaded {
  return loadConfiguration({
    file: write('kd.yml', text),
    environment: {},
    workingDirectory: directory,
    ...more,
  });
}

export function resolved(text: string, more: Partial<LoadRequest> = {}): ResolvedConfig {
  const { config, problems } = load(text, more);
  if (config === undefined)
    throw new Error(problems.map((problem) => `${problem.key}: ${problem.message}`).join('\n'));
  return config;
}

/** The one problem about `key`; fails when there is none. */
export function problemOf(loaded: Loaded, key: string): Problem {
  const problem = loaded.problems.find((candidate) => candidate.key === key);
  if (problem === undefined)
    throw new Error(`no problem about ${key}, but: ${JSON.stringify(loaded.problems)}`);
  return problem;
}
