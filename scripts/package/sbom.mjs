// The bill of materials of a package, CycloneDX: npm's list of the production modules, Node itself,
// librdkafka, and the shared libraries with the Debian packages that they come from.
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, fail, filesIn, MANIFEST, ROOT, run } from './tools.mjs';

function npmList() {
  const text = run('npm', ['sbom', '--omit=dev', '--sbom-format', 'cyclonedx', '--package-lock-only']);
  return JSON.parse(text);
}

function librdkafkaVersion() {
  const { librdkafka } = JSON.parse(
    readFileSync(join(ROOT, 'node_modules/node-rdkafka/package.json'), 'utf8'),
  );
  return librdkafka ?? fail("node-rdkafka's package.json names no version of librdkafka");
}

/** The Debian package of a library, or just its name where dpkg does not know it. */
function debianPackage({ name, from }) {
  const owner = [from, realpathSync(from)]
    .map((path) => attempt('dpkg-query', ['-S', path]).stdout ?? '')
    .find((text) => text !== '');
  const owned = owner?.split(': ')[0]?.split(',')[0];
  if (owned === undefined) return { type: 'library', name, version: 'unknown' };
  const [source, version] = run('dpkg-query', ['-W', '-f', '${Package}\t${Version}', owned]).split('\t');
  return { type: 'library', name: source, version, purl: `pkg:deb/debian/${source}@${version}` };
}

/** Writes `sbom.cdx.json` into the package. */
export function writeSbom(root, { nodeVersion, libraries }) {
  const list = npmList();
  const { name, version, license } = MANIFEST;
  const native = [
    { type: 'framework', name: 'node', version: nodeVersion, purl: `pkg:generic/node@${nodeVersion}` },
    {
      type: 'library',
      name: 'librdkafka',
      version: librdkafkaVersion(),
      purl: `pkg:github/confluentinc/librdkafka@v${librdkafkaVersion()}`,
    },
    ...new Map(libraries.map(debianPackage).map((component) => [component.name, component])).values(),
  ];
  const component = {
    'bom-ref': `${name}@${version}`,
    type: 'application',
    name,
    version,
    licenses: [{ license: { id: license } }],
  };
  const components = [...list.components.map(withoutPaths), ...native];
  // Neither the time nor a number that is drawn: two builds of the same things have the same list.
  const metadata = { lifecycles: [{ phase: 'build' }], component };
  const { $schema, bomFormat, specVersion } = list;
  const bom = { $schema, bomFormat, specVersion, version: 1, metadata, components };
  writeFileSync(join(root, 'sbom.cdx.json'), `${JSON.stringify(bom, null, 1)}\n`);
  return components.length;
}

/** npm adds where on this machine each module is, and where it was fetched. */
function withoutPaths({ properties: _p, externalReferences: _e, ...component }) {
  return component;
}

/** The texts under which Debian distributes the libraries that the tarball holds. */
export function copyrightsOf(libraries) {
  const names = new Set(libraries.map(debianPackage).map(({ name }) => name));
  return filesIn('/usr/share/doc').filter((path) => {
    const [name, file, ...rest] = path.split('/');
    return rest.length === 0 && file === 'copyright' && names.has(name);
  });
}
