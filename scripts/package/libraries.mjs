// Shared libraries: which of them a package needs, and the oldest glibc that all of it runs on.
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fail, filesIn, run } from './tools.mjs';

/** Parts of glibc and of the compiler's run time: Node needs the system's own. */
const OF_THE_SYSTEM =
  /^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl)\.so\.\d+|lib(stdc\+\+|gcc_s)\.so\.\d+)$/;
/**
 * Curl's other protocols, with 5 MB of libraries of their own (GnuTLS among them). librdkafka asks token
 * endpoints with it, and allows http and https alone.
 */
const UNUSED = /^lib(rtmp|ldap|lber)[.-]/;
const ELF = Buffer.from('7f454c46', 'hex');

/** The ELF files below `folder`, relative to it. */
export function elfFiles(folder) {
  return filesIn(folder).filter((path) => isElf(join(folder, path)));
}

function isElf(path) {
  const file = openSync(path, 'r');
  const start = Buffer.alloc(ELF.length);
  readSync(file, start, 0, start.length, 0);
  closeSync(file);
  return start.equals(ELF);
}

/** symbol → version ("" for none), as nm lists them. */
function symbols(path, kind) {
  const listed = run('nm', ['-D', kind, '--with-symbol-versions', path]);
  const names = [...listed.matchAll(/^.{16,18} [A-Za-z] (\w+)(?:@+(\S+))?$/gm)];
  return new Map(names.map(([, name, version]) => [name, version ?? '']));
}

/** A library with the symbols that `user` needs of the one at `from`; each of its functions fails. */
function placeholder(name, from, user, lib) {
  const defined = symbols(from, '--defined-only');
  const wanted = [...symbols(user, '--undefined-only')].filter(([symbol]) => defined.has(symbol));
  const code = wanted.map(([symbol]) => `long ${symbol}(void) { return -1; }\n`).join('');
  const versions = [...new Set(wanted.map(([, version]) => version).filter((version) => version !== ''))];
  const script = versions.map((version) => `${version} { global: *; };\n`).join('');
  const work = mkdtempSync(join(tmpdir(), 'kd-placeholder-'));
  writeFileSync(join(work, 'empty.c'), code);
  writeFileSync(join(work, 'versions'), script);
  const flags = ['-shared', '-fPIC', '-fno-builtin', '-s', `-Wl,-soname,${name}`];
  const versioned = versions.length === 0 ? [] : [`-Wl,--version-script=${join(work, 'versions')}`];
  run(process.env.CC ?? 'cc', [...flags, ...versioned, '-o', join(lib, name), join(work, 'empty.c')]);
  rmSync(work, { recursive: true });
}

/** name → path of every library that `paths` need on this machine, less those of the system and `own`. */
function librariesOf(paths, own) {
  const found = new Map();
  const toLookAt = [...paths];
  for (let path = toLookAt.pop(); path !== undefined; path = toLookAt.pop()) {
    const at = new Map(
      [...run('ldd', [path]).matchAll(/^\s*(\S+) => (\S+|not found)/gm)].map(([, name, place]) => [
        name,
        place,
      ]),
    );
    for (const [, name] of run('readelf', ['-d', path]).matchAll(/\(NEEDED\).*\[(.+)\]/g)) {
      if (OF_THE_SYSTEM.test(name) || own.has(name) || found.has(name)) continue;
      const place = at.get(name);
      if (!place?.startsWith('/')) fail(`${path} needs ${name}, which is not on this machine`);
      found.set(name, place);
      if (!UNUSED.test(name)) toLookAt.push(place);
    }
  }
  return found;
}

/**
 * Copies what the native parts need from the system into `lib`, except glibc and the compiler's run time, and
 * makes each file look there: for systems with other versions of them. Returns the copied libraries' names.
 */
export function bundleLibraries(root, native) {
  const lib = join(root, 'lib/native');
  mkdirSync(lib, { recursive: true });
  const own = new Set(native.map((path) => basename(path)));
  const copied = [];
  const unused = [];
  for (const [name, at] of librariesOf(
    native.map((path) => join(root, path)),
    own,
  )) {
    if (UNUSED.test(name)) {
      unused.push([name, at]);
      continue;
    }
    copyFileSync(realpathSync(at), join(lib, name));
    copied.push({ name, from: at });
  }
  for (const [name, at] of unused) placeholder(name, at, join(lib, 'libcurl.so.4'), lib);
  for (const { name } of copied) setRunPath(join(lib, name), '$ORIGIN');
  return copied;
}

export function setRunPath(path, runPath) {
  if (!existsSync(path)) fail(`${path} is missing`);
  run('patchelf', ['--set-rpath', runPath, path]);
}

/** The highest version of each of these symbol namespaces that a file of the package asks for. */
export function floors(root, paths) {
  const highest = { GLIBC: '0', GLIBCXX: '0' };
  const by = {};
  for (const path of paths) {
    const versions = run('readelf', ['--version-info', '--wide', join(root, path)]);
    for (const [, space, version] of versions.matchAll(/\b(GLIBC|GLIBCXX)_([0-9.]+)/g))
      if (isHigher(version, highest[space])) {
        highest[space] = version;
        by[space] = path;
      }
  }
  return { glibc: highest.GLIBC, glibcBy: by.GLIBC, glibcxx: highest.GLIBCXX };
}

function isHigher(version, than) {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  for (let at = 0; at < Math.max(a.length, b.length); at++)
    if ((a[at] ?? 0) !== (b[at] ?? 0)) return (a[at] ?? 0) > (b[at] ?? 0);
  return false;
}
