import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  BuildOptions,
  BuildResult,
  Message,
  OnLoadResult,
  OnResolveArgs,
  OnResolveResult,
  Plugin,
  PluginBuild,
} from 'esbuild';
import type { DispatcherError } from '../../core/errors.js';
import { loadError } from './load-error.js';

export const TRANSFORM_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'] as const;
const ERRORS_SHOWN_MAX = 5;
const SOURCE_EXTENSIONS = /\.[cm]?[jt]sx?$/;
const BUILTINS = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const LIBRARY_URL = new URL('../../index.js', import.meta.url).href;
/** Only ES modules have such statements; in CommonJS `import.meta` occurs in comments only. */
const STATEMENT = /^\s*(?:import|export)\b(?!\s*\()/m;
/** A virtual module with the location of the file that imports it. */
const PLACE = 'kafka-dispatcher:place';
const PLACE_NAMES = ['kdModuleUrl', 'kdModuleFile', 'kdModuleFolder'] as const;
/** Marks the resolutions that the plugin itself requests. */
const ASKED_BY_US = { kafkaDispatcher: true };

/**
 * A transform compiled to one file in the system's temporary folder; nothing is written next to the user's
 * own files.
 */
export class CompiledTransform {
  readonly path: string;
  readonly #file: string;
  readonly #text: string;

  constructor(path: string, file: string, text: string) {
    this.path = path;
    this.#file = file;
    this.#text = text;
  }

  /**
   * The URL to import. The file is written again if it was deleted: systems clean their temporary folders,
   * and a worker may be replaced after weeks.
   */
  url(): string {
    if (!existsSync(this.#file)) {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      writeFileSync(this.#file, this.#text, { mode: 0o600 });
    }
    return pathToFileURL(this.#file).href;
  }

  async remove(): Promise<void> {
    await rm(dirname(this.#file), { recursive: true, force: true });
  }
}

let building = 0;

/** esbuild has one service for the process, which ends after the last of several builds. */
async function build(
  options: BuildOptions & { readonly write: false },
): Promise<BuildResult<{ write: false }>> {
  const esbuild = await import('esbuild');
  building += 1;
  try {
    return await esbuild.build({ ...options, write: false });
  } finally {
    building -= 1;
    if (building === 0) await esbuild.stop();
  }
}

/**
 * Bundles the module and its relative imports; packages and Node's own modules stay imports, resolved from
 * the user's folder.
 */
export async function compileTransform(path: string): Promise<CompiledTransform> {
  if (!TRANSFORM_EXTENSIONS.some((extension) => extname(path) === extension)) {
    throw loadError(
      path,
      'is not a file that can be a transform',
      `name a file that ends in ${TRANSFORM_EXTENSIONS.join(', ')}`,
    );
  }
  if (!existsSync(path))
    throw loadError(
      path,
      'does not exist',
      'correct dispatcher.transform; it is relative to the configuration file',
    );
  const folder = await makeFolder(path);
  const file = join(folder, 'transform.mjs');
  try {
    const result = await build({
      entryPoints: [path],
      outfile: file,
      write: false,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      sourcesContent: false,
      logLevel: 'silent',
      banner: {
        js:
          `import { createRequire as kdCreateRequire } from 'node:module'; var require = ` +
          `kdCreateRequire(${JSON.stringify(pathToFileURL(path).href)});`,
      },
      define: {
        'import.meta.url': 'kdModuleUrl',
        'import.meta.dirname': 'kdModuleFolder',
        'import.meta.filename': 'kdModuleFile',
        __dirname: 'kdModuleFolder',
        __filename: 'kdModuleFile',
      },
      plugins: [resolution()],
    });
    const compiled = new CompiledTransform(path, file, result.outputFiles[0]?.text ?? '');
    compiled.url();
    return compiled;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw buildError(path, error);
  }
}

async function makeFolder(path: string): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'kafka-dispatcher-'));
  } catch (error) {
    throw loadError(
      path,
      `cannot be compiled: no temporary folder can be made in ${tmpdir()}`,
      'point TMPDIR to a folder that this user may write to',
      error,
    );
  }
}

/** Decides how imports of a transform are resolved, and which stay imports. */
export function resolution(): Plugin {
  return {
    name: 'kafka-dispatcher',
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) => resolveImport(build, args));
      build.onLoad({ filter: /.*/, namespace: PLACE }, (args) => ({
        contents: placeModule(args.path),
        loader: 'js',
      }));
      build.onLoad({ filter: SOURCE_EXTENSIONS }, (args) => loadSource(args.path));
    },
  };
}

/**
 * Relative imports are left to esbuild. A package becomes the URL of its file, because the compiled file is
 * elsewhere and Node would not find the package from there.
 */
async function resolveImport(build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> {
  if (
    args.kind === 'entry-point' ||
    args.pluginData === ASKED_BY_US ||
    /^\.{0,2}\//.test(args.path) ||
    args.path === '.' ||
    args.path === '..'
  )
    return undefined;
  if (args.path === PLACE) return { path: args.importer, namespace: PLACE };
  if (args.path === 'kafka-dispatcher') return { path: LIBRARY_URL, external: true };
  if (BUILTINS.has(args.path)) return { path: args.path, external: true };
  if (/^(node|file|data):/.test(args.path)) return { path: args.path, external: true };
  const found = await build.resolve(args.path, {
    kind: args.kind,
    resolveDir: args.resolveDir,
    importer: args.importer,
    pluginData: ASKED_BY_US,
  });
  if (found.errors.length > 0) return { errors: found.errors };
  // Paths from tsconfig.json and `#imports` point to the user's own sources, which are bundled.
  if (!found.path.includes('/node_modules/')) return found;
  return {
    path:
      args.kind === 'require-call' || args.kind === 'require-resolve'
        ? found.path
        : pathToFileURL(found.path).href,
    external: true,
  };
}

/**
 * `import.meta.url` and related names must refer to the user's file, not the compiled one. An import at the
 * end of the file is executed first and keeps lines and columns unchanged; CommonJS has no imports, so there
 * the code goes on the first line.
 */
async function loadSource(path: string): Promise<OnLoadResult | undefined> {
  const text = await readFile(path, 'utf8');
  const loader = /\.[cm]?ts$/.test(path)
    ? 'ts'
    : path.endsWith('x')
      ? path.endsWith('tsx')
        ? 'tsx'
        : 'jsx'
      : 'js';
  if (!/import\.meta|__dirname|__filename/.test(text) || text.startsWith('#!'))
    return { contents: text, loader, resolveDir: dirname(path) };
  const contents =
    text.includes('import.meta') && STATEMENT.test(text)
      ? `${text}\nimport { ${PLACE_NAMES.join(', ')} } from '${PLACE}';\n`
      : `${placeConstants(path)} ${text}`;
  return { contents, loader, resolveDir: dirname(path) };
}

function placeModule(path: string): string {
  return `${placeConstants(path)} export { ${PLACE_NAMES.join(', ')} };`;
}

function placeConstants(path: string): string {
  const values = [pathToFileURL(path).href, path, dirname(path)];
  return PLACE_NAMES.map((name, i) => `const ${name} = ${JSON.stringify(values[i])};`).join(' ');
}

function buildError(path: string, error: unknown): DispatcherError {
  const messages =
    typeof error === 'object' && error !== null && 'errors' in error && Array.isArray(error.errors)
      ? (error.errors as Message[])
      : [];
  if (messages.length === 0)
    return loadError(
      path,
      `cannot be compiled: ${error instanceof Error ? error.message : String(error)}`,
      'see the cause',
      error,
    );
  const shown = messages.slice(0, ERRORS_SHOWN_MAX).map((message) => {
    const { location } = message;
    return location === null
      ? message.text
      : `${location.file}:${location.line}:${location.column + 1}: ${message.text}`;
  });
  if (messages.length > shown.length) shown.push(`and ${messages.length - shown.length} more`);
  return loadError(
    path,
    `cannot be compiled\n  ${shown.join('\n  ')}`,
    'correct the module; packages that it imports must be installed in its project',
    error,
  );
}
