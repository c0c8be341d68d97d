/**
 * Kafka's jars through Maven, and our few Java sources compiled: each resolved once and kept in a folder
 * named by the hash of its inputs. Several test processes may do this at the same time: each works in its own
 * folder, and the first to rename it into place wins.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../paths.js';

const run = promisify(execFile);
const javaRoot = join(projectRoot, 'test', 'java');
const sourceRoot = join(javaRoot, 'src', 'main', 'java', 'kd');
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export const log4jConfig = join(javaRoot, 'log4j2.xml');
/** For brokers before Kafka 4. */
export const oldLog4jConfig = join(javaRoot, 'log4j.properties');

export interface JavaPaths {
  readonly jarsFolder: string;
  readonly classesFolder: string;
  readonly classPath: string;
}

let prepared: Promise<JavaPaths> | undefined;

/** Resolves and compiles what is missing; later calls only compute a hash. */
export function prepareJava(): Promise<JavaPaths> {
  // A failed attempt (the network, for example) is repeated the next time.
  prepared ??= prepare().catch((error: unknown) => {
    prepared = undefined;
    throw error;
  });
  return prepared;
}

async function prepare(): Promise<JavaPaths> {
  const pom = join(javaRoot, 'pom.xml');
  const pomText = await readFile(pom);
  const jarsFolder = await resolveJars(pom);
  const sources = (await readdir(sourceRoot))
    .filter((name) => name.endsWith('.java'))
    .sort()
    .map((name) => join(sourceRoot, name));
  const texts = await Promise.all(sources.map((file) => readFile(file)));
  const classesFolder = await once(join(javaRoot, 'target'), hash([pomText, ...texts]), (folder) =>
    command('javac', ['-nowarn', '-d', folder, '-cp', join(jarsFolder, '*'), ...sources]),
  );
  return { jarsFolder, classesFolder, classPath: `${classesFolder}:${join(jarsFolder, '*')}` };
}

/**
 * Releases to test besides the newest, which the harness starts by default: the last one before Kafka 4, and
 * two on ZooKeeper.
 */
export const OLD_RELEASES = ['3.9.1', '2.8.2', '2.2.1'] as const;
export type OldRelease = (typeof OLD_RELEASES)[number];

const oldJars = new Map<OldRelease, Promise<string>>();

/** The class path of an older broker; our own classes are the same. */
export async function prepareRelease(release: OldRelease): Promise<string> {
  let jars = oldJars.get(release);
  if (jars === undefined) {
    jars = resolveJars(join(javaRoot, 'brokers', `${release}.xml`));
    oldJars.set(release, jars);
    jars.catch(() => oldJars.delete(release));
  }
  const { classesFolder } = await prepareJava();
  return `${classesFolder}:${join(await jars, '*')}`;
}

async function resolveJars(pom: string): Promise<string> {
  return once(join(javaRoot, 'libs'), hash([await readFile(pom)]), (folder) =>
    command('mvn', [
      '-q',
      '-B',
      '-f',
      pom,
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${folder}`,
    ]),
  );
}

export function hash(parts: readonly Buffer[]): string {
  const sum = createHash('sha256');
  for (const part of parts) {
    sum.update(part);
  }
  return sum.digest('hex').slice(0, 16);
}

/** A folder created by `make` the first time and reused afterwards. */
export async function once(
  parent: string,
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(parent, name);
  if (existsSync(folder)) {
    return folder;
  }
  await mkdir(parent, { recursive: true });
  const unfinished = await mkdtemp(join(parent, `${name}.`));
  try {
    await make(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) {
      throw error;
    }
  }
  return folder;
}

export async function command(name: string, args: readonly string[]): Promise<void> {
  try {
    await run(name, args, { maxBuffer: OUTPUT_BYTES_MAX });
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(
      `${name} failed (JDK 17 and Maven are needed, and Maven Central or its ` +
        `mirror):\n${stdout ?? ''}${stderr ?? ''}`,
      {
        cause: error,
      },
    );
  }
}
