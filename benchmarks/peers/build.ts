/** Builds the rivals on request; they are not part of the project's own build. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { hash, once } from '../../test/support/java/java.js';
import { projectRoot } from '../../test/support/paths.js';

const run = promisify(execFile);

const peersFolder = join(projectRoot, 'benchmarks', 'peers');
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** Where Go's own archive installs itself; it does not add itself to PATH. */
const GO_FOLDER = '/usr/local/go/bin';

export interface GoPeer {
  readonly program: string;
  /** Go's own version and those of the modules that do the work. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface StreamsPeer {
  readonly classPath: string;
  readonly versions: Readonly<Record<string, string>>;
}

function find(name: string, further: readonly string[] = []): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...further];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

function needed(name: string, remedy: string, further: readonly string[] = []): string {
  const found = find(name, further);
  if (found === undefined) {
    throw new Error(`make bench -- --peers needs ${name}, which is not in PATH: ${remedy}`);
  }
  return found;
}

async function command(program: string, args: readonly string[], folder: string): Promise<string> {
  try {
    return (await run(program, args, { cwd: folder, maxBuffer: OUTPUT_BYTES_MAX })).stdout;
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    throw new Error(
      `${program} ${args.join(' ')} failed in ${folder}; building the rivals needs the registries of ` +
        `Go and Maven, or their mirrors (GOPROXY, ~/.m2/settings.xml):\n${stderr ?? ''}`,
      { cause: error },
    );
  }
}

const GO_REMEDY =
  'install Go 1.26 or newer (https://go.dev/dl), or leave the Go programs out: --match floor,kd,streams';

export async function buildGo(): Promise<GoPeer> {
  const go = needed('go', GO_REMEDY, [GO_FOLDER]);
  const folder = join(peersFolder, 'go');
  const program = join(folder, 'build', 'peer');
  await command(go, ['build', '-buildvcs=false', '-o', program, '.'], folder);
  const modules = await command(
    go,
    ['list', '-m', '-f', '{{.Path}} {{.Version}} {{.Indirect}}', 'all'],
    folder,
  );
  const direct = modules
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, version, indirect]) => version !== '' && indirect === 'false')
    .map(([path = '', version = '']) => [path.replace(/^github\.com\//, ''), version] as const);
  const own = await command(go, ['env', 'GOVERSION'], folder);
  return { program, versions: { Go: own.trim().replace(/^go/, ''), ...Object.fromEntries(direct) } };
}

const JAVA_REMEDY = 'install a JDK (17 or newer) and Maven, or leave Kafka Streams out: --match floor,kd,go';
/** The names of these jars in the report. */
const JARS = { 'kafka-streams': 'Kafka Streams', avro: 'Apache Avro', 'jackson-databind': 'Jackson' };

export async function buildStreams(): Promise<StreamsPeer> {
  const mvn = needed('mvn', JAVA_REMEDY);
  const javac = needed('javac', JAVA_REMEDY);
  const folder = join(peersFolder, 'streams');
  const build = join(folder, 'build');
  const pom = join(folder, 'pom.xml');
  const pomText = await readFile(pom);
  const jars = await once(build, `jars-${hash([pomText])}`, async (into) => {
    const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${into}`];
    await command(mvn, ['-q', '-B', '-f', pom, ...copy], folder);
  });
  const source = join(folder, 'src', 'peers');
  const files = (await readdir(source)).map((name) => join(source, name));
  const texts = await Promise.all(files.map((file) => readFile(file)));
  const classes = await once(build, `classes-${hash([pomText, ...texts])}`, async (into) => {
    await command(javac, ['-nowarn', '-d', into, '-cp', join(jars, '*'), ...files], folder);
  });
  return { classPath: `${classes}:${join(jars, '*')}`, versions: jarVersions(await readdir(jars)) };
}

function jarVersions(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(JARS).map(([artifact, title]) => {
      const version = names.map((name) => new RegExp(`^${artifact}-([0-9.]+)\\.jar$`).exec(name)?.[1]);
      return [title, version.find((found) => found !== undefined) ?? 'unknown'];
    }),
  );
}
