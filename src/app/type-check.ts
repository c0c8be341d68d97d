/** `validate --types`: runs the compiler of the transform's own project. */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Origin, Problems } from '../config/text/problem.js';

const CHECK_MS_MAX = 300_000;
const OUTPUT_CHARACTERS_MAX = 16 * 1024 * 1024;
const TYPESCRIPT = new Set(['.ts', '.mts', '.cts', '.tsx']);
const KEY = 'dispatcher.transform';

export interface TypeCheck {
  readonly transform: string | undefined;
  /** The place in the configuration that names the transform. */
  readonly origin: Origin | undefined;
  /** File names are shown relative to it. */
  readonly workingDirectory: string;
}

/** Type errors become problems; if types can't be checked, that is a warning with the reason. */
export async function checkTypes(check: TypeCheck, problems: Problems): Promise<void> {
  const { transform, origin } = check;
  const notChecked = (why: string, remedy?: string): void =>
    problems.warning(origin, KEY, `types were not checked: ${why}`, remedy);
  if (transform === undefined) return notChecked('the job has no transform');
  if (!TYPESCRIPT.has(extname(transform))) return notChecked(`${transform} is not TypeScript`);
  const project = above(dirname(transform), 'tsconfig.json');
  if (project === undefined)
    return notChecked(
      `there is no tsconfig.json in ${dirname(transform)} or above`,
      'add one: npx tsc --init',
    );
  const compiler = compilerOf(project);
  if (compiler === undefined)
    return notChecked(`the project of ${project} has no typescript`, 'npm install --save-dev typescript');
  const { code, output, tooLong } = await run(compiler, project);
  if (tooLong)
    return notChecked(`tsc did not end within ${CHECK_MS_MAX / 60_000} minutes; project ${project}`);
  const { errors, files } = readOutput(output, dirname(project));
  for (const { file, line, column, message } of errors) {
    const shown = relative(check.workingDirectory, file);
    const at = { file: shown.startsWith('..') ? file : shown, line, column };
    problems.error(file === '' ? origin : at, null, message, undefined);
  }
  if (errors.length > 0) return;
  if (code !== 0)
    return problems.error(
      origin,
      KEY,
      `tsc failed with exit code ${code}: ${lastLine(output)}`,
      `run it yourself to see all of its output: npx tsc --noEmit -p ${project}`,
    );
  if (!files.has(transform) && !files.has(realpathSync(transform)))
    notChecked(`${project} does not include ${transform}`, 'add it to "include" or "files" there');
}

function above(folder: string, name: string): string | undefined {
  const file = join(folder, name);
  if (existsSync(file)) return file;
  const parent = dirname(folder);
  return parent === folder ? undefined : above(parent, name);
}

function compilerOf(project: string): string | undefined {
  try {
    const path = join(dirname(createRequire(project).resolve('typescript/package.json')), 'bin', 'tsc');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

interface Compiled {
  readonly code: number | null;
  readonly output: string;
  readonly tooLong: boolean;
}

function run(compiler: string, project: string): Promise<Compiled> {
  const words = ['--noEmit', '--pretty', 'false', '--listFiles', '-p', project];
  const child = spawn(process.execPath, [compiler, ...words], {
    cwd: dirname(project),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((done, failed) => {
    let output = '';
    let tooLong = false;
    const timer = setTimeout(() => {
      tooLong = true;
      child.kill('SIGKILL');
    }, CHECK_MS_MAX);
    const add = (text: string): void => {
      if (output.length < OUTPUT_CHARACTERS_MAX) output += text;
    };
    child.stdout.setEncoding('utf8').on('data', add);
    child.stderr.setEncoding('utf8').on('data', add);
    child.on('error', failed);
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code, output, tooLong });
    });
  });
}

interface TypeFault {
  /** Empty: the error is not about a file. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const IN_FILE = /^(.+?)\((\d+),(\d+)\): error (TS\d+: .*)$/;
const ALONE = /^error (TS\d+: .*)$/;

/** Reads the output of tsc: errors, their indented continuation lines, and the files that it checked. */
export function readOutput(
  output: string,
  folder: string,
): { readonly errors: readonly TypeFault[]; readonly files: ReadonlySet<string> } {
  const errors: TypeFault[] = [];
  const files = new Set<string>();
  for (const line of output.split(/\r?\n/)) {
    const [, file, row, column, message] = IN_FILE.exec(line) ?? [];
    const alone = ALONE.exec(line)?.[1];
    const last = errors.at(-1);
    if (file !== undefined && message !== undefined)
      errors.push({ file: resolve(folder, file), line: Number(row), column: Number(column), message });
    else if (alone !== undefined) errors.push({ file: '', line: 0, column: 0, message: alone });
    else if (/^\s+\S/.test(line) && last !== undefined)
      errors[errors.length - 1] = { ...last, message: `${last.message} ${line.trim()}` };
    else if (isAbsolute(line)) files.add(resolve(line));
  }
  return { errors, files };
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
