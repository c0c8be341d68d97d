// Builds what is installed without npm and without a compiler: a tarball with everything, and a Debian
// package.
//   node scripts/package/build.mjs       → build/package/out/
// Runs in a checkout that is built (make package). The Node of the package is the pinned one of the same
// major version as the Node that runs this.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { audit } from './audit.mjs';
import { CANARY, findInPackage } from './canary.mjs';
import { buildDeb } from './deb.mjs';
import { bundleLibraries, elfFiles, floors, setRunPath } from './libraries.mjs';
import { addNode } from './node-binary.mjs';
import { copyProgram, makeCodeCache } from './program.mjs';
import { copyrightsOf, writeSbom } from './sbom.mjs';
import { digest, fail, MANIFEST, megabytes, ROOT, run, say } from './tools.mjs';

/** Unpacked, as `du -sm` counts. Node 22 and 24 alone take 103 MB of it. */
const MEGABYTES_MAX = { 20: 120, 22: 145, 24: 145 };
const WORK = join(ROOT, 'build/package');
const OUT = join(WORK, 'out');
/** Where node-rdkafka's parts and the bundled libraries find each other, wherever the package is. */
const RUN_PATHS = {
  'node_modules/node-rdkafka/build/deps/librdkafka.so.1': '$ORIGIN:$ORIGIN/../../../../lib/native',
  'node_modules/node-rdkafka/build/deps/librdkafka++.so.1': '$ORIGIN',
  'node_modules/node-rdkafka/build/Release/node-librdkafka.node': '$ORIGIN/../deps',
  'native/build/Release/kafka_dispatcher.node': '$ORIGIN/../../../node_modules/node-rdkafka/build/deps',
};

process.env[CANARY.name] = CANARY.value;
for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL']) delete process.env[name];

const name = `kafka-dispatcher-${MANIFEST.version}-linux-${process.arch}`;
const tree = join(WORK, name);
for (const folder of [tree, OUT]) rmSync(folder, { recursive: true, force: true });
for (const folder of [tree, OUT]) mkdirSync(folder, { recursive: true });

audit();
const nodeVersion = addNode(join(tree, 'lib'));
const native = await copyProgram(tree);
const libraries = bundleLibraries(tree, native);
for (const path of native) run('strip', ['--strip-unneeded', join(tree, path)]);
for (const [path, runPath] of Object.entries(RUN_PATHS)) setRunPath(join(tree, path), runPath);
for (const path of copyrightsOf(libraries))
  cpSync(join('/usr/share/doc', path), join(tree, 'lib/native/licenses', path.replace('/copyright', '')), {
    dereference: true,
  });
say(`program, Node ${nodeVersion} and ${libraries.length} libraries of this system are together`);
makeCodeCache(tree);
say('kd demo runs with that Node');

const floor = floors(tree, elfFiles(tree));
const components = writeSbom(tree, { nodeVersion, libraries });
const facts = { version: MANIFEST.version, node: nodeVersion, arch: process.arch, ...floor };
writeFileSync(join(tree, 'BUILD.json'), `${JSON.stringify(facts, null, 1)}\n`);
say(`needs glibc ${floor.glibc} (${floor.glibcBy}) and libstdc++ with GLIBCXX_${floor.glibcxx}`);
say(`sbom.cdx.json lists ${components} components`);

const megabytesMax = MEGABYTES_MAX[nodeVersion.split('.')[0]];
const size = megabytes(tree);
if (size > megabytesMax) fail(`it takes ${size} MB unpacked, more than ${megabytesMax}`);
run('chmod', ['-R', 'u=rwX,go=rX', tree]);
const tarball = join(OUT, `${name}.tar.gz`);
run('tar', ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '-czf', tarball, '-C', WORK, name]);
say(`${basename(tarball)}: ${size} MB unpacked, ${megabytes(tarball)} MB packed`);
const deb = buildDeb(tree, native, OUT);
say(`${basename(deb)}: ${megabytes(deb)} MB`);

const found = [tree, join(WORK, 'deb')].flatMap(findInPackage);
if (found.length > 0) fail(`what must not be in a package:\n  ${found.slice(0, 20).join('\n  ')}`);
say('no secret, no path of this machine and no test data in them');
const sums = [tarball, deb].map((path) => `${digest('sha256', path, 'hex')}  ${basename(path)}\n`);
writeFileSync(join(OUT, 'SHA256SUMS'), sums.join(''));
say(`in ${OUT.slice(ROOT.length + 1)}, with SHA256SUMS`);
