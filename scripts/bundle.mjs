// Puts the command line and the worker into one file each (build/bin/): Node 20 has no compile cache, and loading the compiled
// modules one by one costs more processor time than moving a quarter of a million records.
import { chmodSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../build/', import.meta.url));

/** Each module goes on to find its files from where it was, and the pool starts the bundled worker. */
function inPlace(outfile) {
  return {
    name: 'in-place',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]build[\\/](src|workers)[\\/].*\.js$/ }, ({ path }) => {
        const was = JSON.stringify(relative(dirname(outfile), path));
        const contents = readFileSync(path, 'utf8')
          .replaceAll(/(?<=[(,] ?)import\.meta\.url(?=\))/g, `new URL(${was}, import.meta.url).href`)
          .replaceAll("'../../../workers/transform-worker.js'", "'../../../bin/transform-worker.mjs'");
        return { contents, loader: 'js' };
      });
    },
  };
}

async function bundle(entry, output) {
  const outfile = resolve(ROOT, output);
  await build({
    entryPoints: [resolve(ROOT, entry)],
    outfile,
    bundle: true,
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
    plugins: [inPlace(outfile)],
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
}

await Promise.all([bundle('src/main.js', 'bin/kd.mjs'), bundle('workers/transform-worker.js', 'bin/transform-worker.mjs')]);
