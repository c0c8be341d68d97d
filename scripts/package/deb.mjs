// The Debian package: the same program below /usr/lib, the libraries from Debian (so their fixes come with
// apt-get upgrade), units, configuration files, a user.
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setRunPath } from './libraries.mjs';
import { fail, filesIn, MANIFEST, megabytes, ROOT, run } from './tools.mjs';

const PROGRAM = 'usr/lib/kafka-dispatcher';
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
const DEBIAN = join(ROOT, 'deploy/debian');

/** `libcurl4 (>= 7.28), libssl3 …`, as Debian's own tool reads it from the files. */
function dependencies(folder, native) {
  const work = join(ROOT, 'build/package/shlibs');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'debian'), { recursive: true });
  writeFileSync(
    join(work, 'debian/control'),
    'Source: kafka-dispatcher\n\nPackage: kafka-dispatcher\nArchitecture: any\n',
  );
  const files = ['lib/node', ...native].flatMap((path) => ['-e', join(folder, PROGRAM, path)]);
  const args = [
    '-O',
    '--ignore-missing-info',
    `-l${join(folder, PROGRAM, 'node_modules/node-rdkafka/build/deps')}`,
  ];
  const said = run('dpkg-shlibdeps', [...args, ...files], { cwd: work });
  const depends = /^shlibs:Depends=(.+)$/m.exec(said)?.[1];
  return depends ?? fail(`dpkg-shlibdeps said no dependencies: ${said}`);
}

function control(folder, depends) {
  const { version, description } = MANIFEST;
  return [
    'Package: kafka-dispatcher',
    `Version: ${version}`,
    `Architecture: ${ARCHITECTURES[process.arch]}`,
    'Maintainer: Kafka-Dispatcher <maintainers@kafka-dispatcher.invalid>',
    `Installed-Size: ${megabytes(folder) * 1024}`,
    `Depends: ${depends}, ca-certificates, passwd`,
    'Recommends: systemd',
    'Suggests: libsasl2-modules-gssapi-mit',
    'Section: net',
    'Priority: optional',
    `Description: ${description.slice(0, 70).replace(/ \S*$/, '')}`,
    ' Reads topics with librdkafka, runs a TypeScript function on worker threads,',
    ' writes the results back in order, and commits what is settled.',
    ' Brings its own Node; needs no compiler.',
    '',
  ].join('\n');
}

function put(from, to, mode = 0o644) {
  mkdirSync(join(to, '..'), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, mode);
}

/** What belongs to the system: units, configuration, documents, commands. */
function addSystemFiles(folder) {
  const units = join(ROOT, 'deploy/systemd');
  for (const name of readdirSync(units)) put(join(units, name), join(folder, 'lib/systemd/system', name));
  put(join(DEBIAN, 'example.yml'), join(folder, 'etc/kafka-dispatcher/example.yml'), 0o640);
  const docs = join(folder, 'usr/share/doc/kafka-dispatcher');
  cpSync(join(ROOT, 'docs'), docs, { recursive: true });
  for (const name of ['README.md', 'CHANGELOG.md', 'SECURITY.md']) put(join(ROOT, name), join(docs, name));
  put(join(ROOT, 'LICENSE'), join(docs, 'copyright'));
  mkdirSync(join(folder, 'usr/bin'), { recursive: true });
  for (const name of ['kd', 'kafka-dispatcher'])
    run('ln', ['-s', '../lib/kafka-dispatcher/bin/kd', join(folder, 'usr/bin', name)]);
}

function addControlFiles(folder, native) {
  const area = join(folder, 'DEBIAN');
  mkdirSync(area);
  for (const name of ['postinst', 'prerm', 'postrm']) put(join(DEBIAN, name), join(area, name), 0o755);
  const configuration = filesIn(join(folder, 'etc')).map((path) => `/etc/${path}\n`);
  writeFileSync(join(area, 'conffiles'), configuration.join(''));
  writeFileSync(join(area, 'control'), control(folder, dependencies(folder, native)));
}

/** Builds it from a finished tree, without the bundled libraries. Returns the file's path. */
export function buildDeb(tree, native, output) {
  const folder = join(ROOT, 'build/package/deb');
  rmSync(folder, { recursive: true, force: true });
  cpSync(tree, join(folder, PROGRAM), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  for (const name of ['lib/native', 'docs', 'README.md', 'CHANGELOG.md', 'SECURITY.md'])
    rmSync(join(folder, PROGRAM, name), { recursive: true, force: true });
  setRunPath(join(folder, PROGRAM, 'node_modules/node-rdkafka/build/deps/librdkafka.so.1'), '$ORIGIN');
  addSystemFiles(folder);
  addControlFiles(folder, native);
  run('chmod', ['-R', 'u=rwX,go=rX', join(folder, 'usr'), join(folder, 'lib')]);
  const deb = join(output, `kafka-dispatcher_${MANIFEST.version}_${ARCHITECTURES[process.arch]}.deb`);
  run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--build', folder, deb]);
  return deb;
}
