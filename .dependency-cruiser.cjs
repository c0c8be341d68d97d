// The rooms of the house and who may knock where; docs/DESIGN.md draws it.
const only = (room, allowed) => ({
  name: `${room}-imports`,
  severity: 'error',
  comment: `src/${room} may import ${allowed.length === 0 ? 'nothing else of src' : allowed.join(', ')}`,
  from: { path: `^src/${room}/` },
  to: { path: '^(src|workers)/', pathNot: [`^src/${room}/`, ...allowed.map((name) => `^src/${name}`)] },
});

const packageOnlyUnder = (name, pattern, rooms) => ({
  name: `${name}-place`,
  severity: 'error',
  comment: `${name} is used under ${rooms.join(', ')} only`,
  from: { path: '^(src|workers)/', pathNot: rooms.map((room) => `^${room}`) },
  to: { path: pattern },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one file or three',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      comment: 'Every import must lead somewhere',
      from: {},
      to: { couldNotResolve: true, pathNot: ['\\.node$', '^kafka-dispatcher$', '/build/'] },
    },
    {
      name: 'no-dev-in-product',
      severity: 'error',
      comment: 'What ships must not need what does not',
      from: { path: '^(src|workers)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    },
    {
      name: 'product-not-on-test',
      severity: 'error',
      comment: 'Tests know the product, not the other way',
      from: { path: '^(src|workers)/' },
      to: { path: '^(test|benchmarks|examples|scripts)/' },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      comment: 'No I/O, timers or events in core',
      from: { path: '^src/(core|ports)/' },
      to: { dependencyTypes: ['core', 'npm'], pathNot: '^(node:)?assert' },
    },
    only('core', []),
    only('ports', ['core/']),
    only('stores', ['core/']),
    only('wire', ['core/']),
    only('formats', ['wire/', 'core/']),
    only('transform', ['wire/', 'formats/', 'ports/', 'core/']),
    only('dispatcher', ['core/', 'ports/', 'wire/']),
    only('rotation', ['core/', 'ports/', 'dispatcher/report', 'config/resolved']),
    only('adapters', ['core/', 'ports/', 'wire/', 'transform/', 'diagnosis/']),
    only('diagnosis', ['core/', 'config/resolved']),
    only('checks', ['core/', 'ports/', 'diagnosis/', 'config/']),
    only('config', ['core/', 'stores/']),
    {
      name: 'workers-imports',
      severity: 'error',
      comment:
        'A worker thread knows the transform, the wire and the formats, nothing of Kafka or the dispatcher',
      from: { path: '^workers/' },
      to: { path: '^src/', pathNot: '^src/(transform|wire|formats|core|ports)/' },
    },
    {
      name: 'adapters-are-named-by-the-root',
      severity: 'error',
      comment:
        'Only the composition root, the command line and the adapters themselves know concrete adapters',
      from: { path: '^src/', pathNot: ['^src/adapters/', '^src/compose', '^src/cli/', '^src/main\\.ts$'] },
      to: { path: '^src/adapters/' },
    },
    packageOnlyUnder('node-rdkafka', 'node_modules/node-rdkafka|kafka_dispatcher\\.node', [
      'src/adapters/kafka/',
    ]),
    packageOnlyUnder('piscina', 'node_modules/piscina', ['src/adapters/pool/', 'workers/']),
    packageOnlyUnder('convict', 'node_modules/convict', ['src/config/']),
    packageOnlyUnder('avsc', 'node_modules/avsc', ['src/formats/']),
    packageOnlyUnder('winston', 'node_modules/winston', ['src/adapters/', 'src/logging/', 'src/cli/']),
    packageOnlyUnder('esbuild', 'node_modules/esbuild', ['src/transform/']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^build' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
