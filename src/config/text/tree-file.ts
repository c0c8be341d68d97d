/** Reads a YAML file of the configuration as a tree, and notes what else it names. */
import { dirname, resolve } from 'node:path';
import type { Notes } from '../keys/side.js';
import { type Environment, Interpolator } from './interpolate.js';
import type { Problems } from './problem.js';
import { readText } from './text-file.js';
import { parseYaml } from './yaml-source.js';
import type { MapTree } from './yaml-tree.js';

export interface TreeReading {
  readonly environment: Environment;
  readonly workingDirectory: string;
  readonly problems: Problems;
  readonly notes: Notes;
  /** Absolute paths of files that were read. */
  readonly files: Set<string>;
  /** Environment variables that placeholders name. */
  readonly named: Set<string>;
}

/** `file` as the user named it. Undefined after a reported problem. */
export function readTree(file: string, reading: TreeReading): MapTree | undefined {
  const { environment, workingDirectory, problems, notes, files, named } = reading;
  const path = resolve(workingDirectory, file);
  files.add(path);
  const text = readText(file, path, problems);
  if (text === undefined) return undefined;
  const interpolator = new Interpolator(environment, dirname(path));
  const tree = parseYaml(file, text, { interpolator, problems, notes });
  for (const name of interpolator.files) files.add(name);
  for (const name of interpolator.variables) named.add(name);
  return tree;
}
