// Runs the program through the main job once (the demo: a broker of its own, real records) and keeps what V8
// compiled on the way.
//   node scripts/code-cache.mjs PROGRAM CACHE
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

const [program, cache] = process.argv.slice(2);
const script = new Script(readFileSync(program, 'latin1'), { filename: program });
process.argv.splice(1, Number.POSITIVE_INFINITY, program, 'demo', '--output', 'json', '--quiet');
process.once('exit', (code) => {
  if (code === 0) writeFileSync(cache, script.createCachedData());
});
script.runInThisContext()(
  createRequire(pathToFileURL(program)),
  (name) => import(name),
  pathToFileURL(program).href,
);
