// The program as a package holds it: the layout of the npm package, so that nothing has to be found anew,
// less what only an installation by npm or another build needs.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { fail, filesIn, MANIFEST, ROOT, run } from './tools.mjs';

/** What the bundled program loads at run time (scripts/bundle.mjs), with what that loads in turn. */
const MODULES = ['node-rdkafka', 'bindings', 'file-uri-to-path', 'piscina', 'esbuild'];
const NOT_AT_RUN_TIME = /\.(map|d\.[cm]?ts|md|markdown|flow)$|(^|\/)(tests?(-\w+)?|bench|examples?)\//;
const LICENSE = /(^|\/)(licen[cs]e|copying|notice)/i;
const LAUNCHER = `#!/bin/sh
# Starts kd with the Node that comes with it, wherever the folder is and through whatever link it is called.
self=$(readlink -f "$0")
root=\${self%/bin/*}
exec "$root/lib/node" "$root/build/bin/kd.mjs" "$@"
`;
const DOCUMENTS = [
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
  'docs',
  'deploy',
  'configs',
  'examples',
];

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(from), to);
}

/** The files of a module that are read at run time. */
function copyModule(name, root) {
  const folder = join(ROOT, 'node_modules', name);
  if (!existsSync(folder)) fail(`node_modules/${name} is missing: run make build`);
  const files = filesIn(folder).filter((path) => !NOT_AT_RUN_TIME.test(path) || LICENSE.test(path));
  const wanted = name === 'node-rdkafka' ? files.filter(isOfRdkafka) : files;
  for (const path of wanted) copy(join(folder, path), join(root, 'node_modules', name, path));
}

const RDKAFKA = [
  /^(package\.json|librdkafka\.js|LICENSE\.txt)$/,
  /^lib\//,
  /^build\/Release\/node-librdkafka\.node$/,
  /^build\/deps\/librdkafka(\+\+)?\.so\.1$/,
  /^deps\/librdkafka\/LICENSES?\.txt$/,
];
function isOfRdkafka(path) {
  return RDKAFKA.some((pattern) => pattern.test(path));
}

/** esbuild's program is in a package of its own, or npm's script has put it in place of its launcher. */
function copyCompiler(root) {
  const own = `@esbuild/linux-${process.arch}`;
  const places = [join(own, 'bin/esbuild'), 'esbuild/bin/esbuild'].map((path) =>
    join(ROOT, 'node_modules', path),
  );
  const program = places.find((path) => existsSync(path) && statSync(path).size > 1_000_000);
  if (program === undefined)
    fail(`esbuild's program is in none of ${places.join(', ')}: run npm rebuild esbuild`);
  copy(program, join(root, 'node_modules', own, 'bin/esbuild'));
  copy(join(ROOT, 'node_modules', own, 'package.json'), join(root, 'node_modules', own, 'package.json'));
  run('rm', ['-rf', join(root, 'node_modules/esbuild/bin')]);
}

/** The library that transforms import: the modules that index.js needs, and no others. */
async function copyLibrary(root) {
  const entry = 'build/src/index.js';
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  for (const path of Object.keys(metafile.inputs)) copy(join(ROOT, path), join(root, path));
}

/** V8's compiled code of the program, made by the Node that will use it. It keeps the path that it got. */
export function makeCodeCache(root) {
  const [program, cache] = ['build/bin/program.cjs', 'build/bin/program.cache'];
  run('rm', ['-f', cache], { cwd: root });
  run(join(root, 'lib/node'), [join(ROOT, 'scripts/code-cache.mjs'), program, cache], { cwd: root });
  if (!existsSync(join(root, cache)))
    fail('the compiled code of the program was not kept: see scripts/code-cache.mjs');
}

function copyDocuments(root) {
  for (const name of DOCUMENTS)
    cpSync(join(ROOT, name), join(root, name), { recursive: true, preserveTimestamps: true });
  const { name, version, description, license, type, exports } = MANIFEST;
  const manifest = { name, version, description, license, type, exports };
  writeFileSync(join(root, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Everything but Node and the libraries of the system. Returns the native parts, relative to `root`. */
export async function copyProgram(root) {
  copyDocuments(root);
  for (const path of filesIn(join(ROOT, 'build/bin')).filter((name) => !/\.(map|key|cache)$/.test(name)))
    copy(join(ROOT, 'build/bin', path), join(root, 'build/bin', path));
  await copyLibrary(root);
  for (const name of MODULES) copyModule(name, root);
  copyCompiler(root);
  for (const name of ['kafka_dispatcher.node', 'kd_json.node'])
    copy(join(ROOT, 'native/build/Release', name), join(root, 'native/build/Release', name));
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'bin/kd'), LAUNCHER);
  chmodSync(join(root, 'bin/kd'), 0o755);
  run('ln', ['-s', 'kd', join(root, 'bin/kafka-dispatcher')]);
  return [
    'node_modules/node-rdkafka/build/deps/librdkafka.so.1',
    'node_modules/node-rdkafka/build/deps/librdkafka++.so.1',
    'node_modules/node-rdkafka/build/Release/node-librdkafka.node',
    'native/build/Release/kafka_dispatcher.node',
    'native/build/Release/kd_json.node',
  ];
}
