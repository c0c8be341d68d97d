// Puts the command line and the worker into a few files (build/bin/): loading the compiled modules one by one
// costs more processor time than moving a quarter of a million records.
//
//   kd.mjs → program.cjs (+ program.cache)      the command line, one script, and what V8 made of it
//   transform-worker.mjs → part-*.mjs           a worker thread, and what it loads only when a format wants
// it
//   transform-inspector.mjs                     the thread in which validate loads a transform
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../build/', import.meta.url));
const OUT = resolve(ROOT, 'bin');
const PROGRAM = resolve(OUT, 'program.cjs');
const CACHE = resolve(OUT, 'program.cache');
const CACHE_KEY = resolve(OUT, 'program.cache.key');
const CACHE_SECONDS_MAX = 60;

/**
 * Node 20 keeps no compiled code between two runs, so we do. V8 itself refuses what another version made, and
 * compiles.
 */
const LOADER = `#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const program = fileURLToPath(new URL('program.cjs', import.meta.url));
let cachedData;
try {
  cachedData = readFileSync(new URL('program.cache', import.meta.url));
} catch {}
const script = new Script(readFileSync(program, 'latin1'), { filename: program, cachedData });
script.runInThisContext()(createRequire(import.meta.url), (name) => import(name), import.meta.url);
`;

/**
 * Each module goes on to find its files from where it was, and threads start from the bundled files.
 * A script whose compiled code was kept can't import: the loader does it for the program, what is bundled
 * apart.
 */
function inPlace({ url, load }) {
  return {
    name: 'in-place',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]build[\\/](src|workers)[\\/].*\.js$/ }, ({ path }) => {
        const was = JSON.stringify(relative(OUT, path));
        const contents = readFileSync(path, 'utf8')
          .replaceAll(/(?<=[(,] ?)import\.meta\.url(?=\))/g, `new URL(${was}, ${url}).href`)
          .replaceAll(/\bimport\((?!['"]\.)/g, `${load}(`)
          .replaceAll(/'\.\.\/\.\.\/\.\.\/workers\/(transform-\w+)\.js'/g, "'../../../bin/$1.mjs'");
        return { contents, loader: 'js' };
      });
    },
  };
}

/** The page for people: one file, since it must work without anything else. */
async function writePage() {
  const source = (name) => fileURLToPath(new URL(`../page/${name}`, import.meta.url));
  const made = await build({
    entryPoints: [source('main.ts'), source('style.css')],
    outdir: OUT,
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    charset: 'ascii',
    logLevel: 'warning',
  });
  const textOf = (ending) => made.outputFiles.find(({ path }) => path.endsWith(ending)).text.trim();
  const html = readFileSync(source('index.html'), 'utf8')
    .replace('/*STYLE*/', () => textOf('.css'))
    .replace('/*SCRIPT*/', () => textOf('.js').replaceAll('</script', '<\\/script'));
  writeFileSync(resolve(OUT, 'page.html'), html);
}

const COMMON = {
  outdir: OUT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Native, or with worker files of its own; esbuild is needed for TypeScript transforms alone.
  external: ['node-rdkafka', 'piscina', 'esbuild'],
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
};

mkdirSync(OUT, { recursive: true });
for (const name of readdirSync(OUT)) if (!name.startsWith('program.cache')) rmSync(resolve(OUT, name));
await Promise.all([
  build({
    ...COMMON,
    entryPoints: { program: resolve(ROOT, 'src/main.js') },
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    // ASCII alone, so that it can be read as Latin-1.
    charset: 'ascii',
    banner: {
      js: '(function (require, kdImport, kdUrl) { const module = { exports: {} }, exports = module.exports;',
    },
    footer: { js: '})' },
    plugins: [inPlace({ url: 'kdUrl', load: 'kdImport' })],
  }),
  build({
    ...COMMON,
    entryPoints: {
      'transform-worker': resolve(ROOT, 'workers/transform-worker.js'),
      'transform-inspector': resolve(ROOT, 'workers/transform-inspector.js'),
    },
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    splitting: true,
    chunkNames: 'part-[hash]',
    // Packages in CommonJS ask for Node's modules by require.
    banner: {
      js:
        "import { createRequire as kdRequire } from 'node:module'; const require = " +
        'kdRequire(import.meta.url);',
    },
    plugins: [inPlace({ url: 'import.meta.url', load: 'import' })],
  }),
]);
await writePage();
if (/\bimport\(/.test(readFileSync(PROGRAM, 'utf8')))
  throw new Error('program.cjs imports by itself, which a script with kept code cannot');
writeFileSync(resolve(OUT, 'kd.mjs'), LOADER);
chmodSync(resolve(OUT, 'kd.mjs'), 0o755);

const key = createHash('sha256').update(readFileSync(PROGRAM)).update(process.version).digest('hex');
if (!existsSync(CACHE) || !existsSync(CACHE_KEY) || readFileSync(CACHE_KEY, 'utf8') !== key) {
  rmSync(CACHE, { force: true });
  // By a relative path: the cache keeps it, and is shipped.
  const args = [fileURLToPath(new URL('code-cache.mjs', import.meta.url)), 'program.cjs', CACHE];
  const options = { cwd: OUT, encoding: 'utf8', timeout: CACHE_SECONDS_MAX * 1000 };
  const made = spawnSync(process.execPath, args, options);
  if (made.status === 0 && existsSync(CACHE)) writeFileSync(CACHE_KEY, key);
  else console.warn(`the program's compiled code was not kept, it will start more slowly:\n${made.stderr}`);
}
