/** Finds the pipelines of a configuration: the items of a list, or the files of a directory. */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { Notes } from '../keys/side.js';
import type { Environment } from '../text/interpolate.js';
import { Problems } from '../text/problem.js';
import { readTree } from '../text/tree-file.js';
import { itemsOf, PIPELINES_KEY, type PipelinePlace } from './pipeline-layer.js';

export const PIPELINES_MAX = 200;
/** The file of a directory with what all pipelines share. */
const DEFAULTS = ['defaults.yml', 'defaults.yaml', 'kd.yml', 'kd.yaml'];
const YAML = /^[^.].*\.ya?ml$/;

export interface FoundPipeline {
  /** As the user would name it. */
  readonly file: string;
  readonly place: PipelinePlace;
  /** Of a pipeline whose keys can't be read: from the list, or the file's name. */
  readonly name: string;
}

interface Finding {
  readonly environment: Environment;
  readonly workingDirectory: string;
}

export interface Found {
  readonly pipelines: readonly FoundPipeline[];
  readonly problems: readonly ReturnType<Problems['list']>[number][];
}

/** The files that decide which pipelines there are; of a directory that can't be read, only its path. */
export function configurationFiles(path: string): readonly string[] {
  if (statsOf(path)?.isDirectory() !== true) return [path];
  const { own, defaults, refusal } = filesOf(path);
  if (refusal !== undefined) return [path];
  return [...(defaults === undefined ? [] : [defaults]), ...own].map((name) => join(path, name));
}

/** Undefined: it isn't there, or can't be reached; whoever reads it says why. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Undefined: the file is the configuration of one pipeline, as it always was. */
export function findPipelines(file: string, finding: Finding): Found | undefined {
  const path = resolve(finding.workingDirectory, file);
  const stats = statsOf(path);
  if (stats?.isDirectory() === true) return inDirectory(file, path);
  // A pipe can be read only once, and holds one configuration.
  if (stats?.isFile() !== true) return undefined;
  return inFile(file, finding);
}

interface DirectoryFiles {
  /** The YAML files that are pipelines. */
  readonly own: readonly string[];
  /** The one with what they share. */
  readonly defaults?: string;
  /** Why the directory can't be read. */
  readonly refusal?: string;
}

function filesOf(path: string): DirectoryFiles {
  let entries: readonly string[];
  try {
    entries = readdirSync(path);
  } catch (error) {
    return { own: [], refusal: error instanceof Error ? error.message : String(error) };
  }
  const names = entries.filter((name) => YAML.test(name)).sort();
  const defaults = DEFAULTS.find((name) => names.includes(name));
  return {
    own: names.filter((name) => !DEFAULTS.includes(name)),
    ...(defaults === undefined ? {} : { defaults }),
  };
}

function inDirectory(directory: string, path: string): Found {
  const problems = new Problems();
  const { own, defaults, refusal } = filesOf(path);
  if (refusal !== undefined)
    problems.error(
      { file: directory, line: 1, column: 1 },
      null,
      `can't be read: ${refusal}`,
      'let the user that runs kd list and enter this directory',
    );
  else if (own.length === 0)
    problems.error(
      { file: directory, line: 1, column: 1 },
      null,
      'holds no pipeline',
      `each file NAME.yml is a pipeline; ${DEFAULTS[0]} holds what they share`,
    );
  limit(own.length, directory, problems);
  const shared = defaults === undefined ? undefined : join(directory, defaults);
  const pipelines = own.slice(0, PIPELINES_MAX).map((name) => ({
    file: join(directory, name),
    place: { kind: 'file', defaults: shared } as const,
    name: basename(name, extname(name)),
  }));
  return { pipelines, problems: problems.list() };
}

function inFile(file: string, { environment, workingDirectory }: Finding): Found | undefined {
  const problems = new Problems();
  const reading = {
    environment,
    workingDirectory,
    // What is wrong with the values is reported where each pipeline is read.
    problems: new Problems(),
    notes: new Notes(),
    files: new Set<string>(),
    named: new Set<string>(),
  };
  const tree = readTree(file, reading);
  const items = tree === undefined ? undefined : itemsOf(tree, problems);
  if (items === undefined) return undefined;
  limit(items.length, file, problems);
  const pipelines = items.slice(0, PIPELINES_MAX).map((item, index) => {
    const name = item.entries.find(({ key }) => key === 'name')?.node;
    const text = name?.kind === 'scalar' && name.value !== null ? name.text.trim() : '';
    if (text === '')
      problems.error(
        item.at,
        `${PIPELINES_KEY}[${index}].name`,
        'is missing: every pipeline of a list has a name',
        'add name: NAME',
      );
    return { file, place: { kind: 'item', index } as const, name: text || `${PIPELINES_KEY}[${index}]` };
  });
  return { pipelines, problems: problems.list() };
}

function limit(count: number, file: string, problems: Problems): void {
  if (count > PIPELINES_MAX)
    problems.error(
      { file, line: 1, column: 1 },
      PIPELINES_KEY,
      `are ${count}, and one process runs at most ${PIPELINES_MAX}`,
      'split them over several processes',
    );
}
