// Puts the command line and the worker into a few files (build/bin/): Node 20 has no compile cache, and loading the compiled
// modules one by one costs more processor time than moving a quarter of a million records.
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../build/', import.meta.url));
const OUT = resolve(ROOT, 'bin');

/** Each module goes on to find its files from where it was, and the pool starts the bundled worker. */
function inPlace() {
  return {
    name: 'in-place',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]build[\\/](src|workers)[\\/].*\.js$/ }, ({ path }) => {
        const was = JSON.stringify(relative(OUT, path));
        const contents = readFileSync(path, 'utf8')
          .replaceAll(/(?<=[(,] ?)import\.meta\.url(?=\))/g, `new URL(${was}, import.meta.url).href`)
          .replaceAll("'../../../workers/transform-worker.js'", "'../../../bin/transform-worker.mjs'");
        return { contents, loader: 'js' };
      });
    },
  };
}

rmSync(OUT, { recursive: true, force: true });
await build({
  entryPoints: { kd: resolve(ROOT, 'src/main.js'), 'transform-worker': resolve(ROOT, 'workers/transform-worker.js') },
  outdir: OUT,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // What a verb alone needs is loaded with it; all files lie in one folder, so that import.meta.url is the same for all.
  splitting: true,
  chunkNames: 'part-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Native, or with worker files of its own; esbuild is needed for TypeScript transforms alone.
  external: ['node-rdkafka', 'piscina', 'esbuild'],
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  // Packages in CommonJS ask for Node's modules by require.
  banner: { js: "import { createRequire as kdRequire } from 'node:module'; const require = kdRequire(import.meta.url);" },
  plugins: [inPlace()],
  logLevel: 'warning',
});
for (const name of ['kd.mjs', 'transform-worker.mjs']) chmodSync(resolve(OUT, name), 0o755);
