import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspectTransform } from '../../src/adapters/pool/inspect-transform.js';
import { compileTransform } from '../../src/transform/load/compile.js';
import { importTransform } from '../../src/transform/load/load.js';
import type { LoadedTransform } from '../../src/transform/load/loaded.js';
import { moduleFile } from './support.js';

interface LoadError {
  readonly code?: string;
  readonly message: string;
}

/** Loads a module of several files; the first is the transform. Returns its answer for 'x'. */
async function answerOf(files: Readonly<Record<string, string>>): Promise<unknown> {
  const [[name, text] = ['', ''], ...others] = Object.entries(files);
  const file = moduleFile(text, name);
  try {
    for (const [other, content] of others) {
      mkdirSync(dirname(join(file.folder, other)), { recursive: true });
      writeFileSync(join(file.folder, other), content);
    }
    const before = readdirSync(file.folder).sort();
    const compiled = await compileTransform(file.path);
    let loaded: LoadedTransform;
    try {
      loaded = await importTransform(compiled.url(), file.path);
    } finally {
      await compiled.remove();
    }
    assert.deepEqual(readdirSync(file.folder).sort(), before, "nothing is written next to the user's file");
    const answer = loaded.transform?.('x', undefined as never, undefined as never);
    const folder = file.folder;
    return typeof answer === 'string'
      ? answer.replace(pathToFileURL(folder).href, '<folder url>').replace(folder, '<folder>')
      : answer;
  } finally {
    file.remove();
  }
}

for (const extension of ['ts', 'mts', 'js', 'mjs']) {
  test(`a .${extension} module is loaded`, async () => {
    assert.equal(await answerOf({ [`t.${extension}`]: `export default (value) => value + '!';` }), 'x!');
  });
}

test('types, relative imports with and without extension, and JSON are bundled', async () => {
  const files = {
    't.ts': `import { shout } from './lib/shout.js';
      import { end } from './lib/end';
      import data from './data.json' with { type: 'json' };
      interface A { a: string }
      export default (value: string): string => shout(value) + end + (data as A).a;`,
    'lib/shout.ts': 'export const shout = (text: string): string => text.toUpperCase();',
    'lib/end.ts': `export const end: string = '?';`,
    'data.json': '{"a":"json"}',
  };
  assert.equal(await answerOf(files), 'X?json');
});

test("packages are resolved from the module's folder, ESM and CommonJS", async () => {
  const files = {
    't.ts': `import { one } from 'esm-package';
      import two from 'cjs-package';
      import { three } from 'esm-package/sub';
      import { createHash } from 'node:crypto';
      import path from 'path';
      export default () => [one, two.two, three, typeof createHash, path.sep].join();`,
    'node_modules/esm-package/package.json':
      '{"name":"esm-package","type":"module","exports":{".":"./index.js","./sub":"./other.js"}}',
    'node_modules/esm-package/index.js': `export const one = 1;`,
    'node_modules/esm-package/other.js': `export const three = 3;`,
    'node_modules/cjs-package/package.json': '{"name":"cjs-package","main":"./main.js"}',
    'node_modules/cjs-package/main.js': `exports.two = require('./two.js');`,
    'node_modules/cjs-package/two.js': `module.exports = 2;`,
  };
  assert.equal(await answerOf(files), '1,2,3,function,/');
});

test('require works too, with paths and packages', async () => {
  const files = {
    't.mjs': `import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const own = require('./own.cjs');
      export default () => own.value + require('cjs-package').two;`,
    'own.cjs': 'exports.value = 40;',
    'node_modules/cjs-package/package.json': '{"name":"cjs-package","main":"./main.js"}',
    'node_modules/cjs-package/main.js': 'exports.two = 2;',
  };
  assert.equal(await answerOf(files), 42);
});

test(
  "import.meta.url and related names refer to the user's own " + 'file, in every file of the bundle',
  async () => {
    const files = {
      't.ts': `import { here } from './lib/here.js'; export default () => [import.meta.url, here].join(' ');`,
      'lib/here.ts':
        `import { readFileSync } from 'node:fs'; export const here = readFileSync(new ` +
        `URL('./text.txt', import.meta.url), 'utf8');`,
      'lib/text.txt': 'text beside it',
    };
    assert.equal(await answerOf(files), '<folder url>/t.ts text beside it');
    assert.equal(await answerOf({ 't.ts': `export default () => import.meta.dirname;` }), '<folder>');
  },
);

test(
  'the transform gets the library of the running installation, even if another version is ' +
    'installed next to the module',
  async () => {
    const files = {
      't.ts': `import { drop } from 'kafka-dispatcher'; export default () => drop('SAME');`,
      'node_modules/kafka-dispatcher/package.json':
        '{"name":"kafka-dispatcher","type":"module","exports":"./index.js"}',
      'node_modules/kafka-dispatcher/index.js': `export const drop = () => 'another';`,
    };
    const { drop } = await import('../../src/index.js');
    assert.deepEqual(await answerOf(files), drop('SAME'));
  },
);

test("stack traces name the lines of the user's TypeScript", async () => {
  const file = moduleFile(
    `interface A { a: number }\n\ntype B = A;\n\nexport default (value: B): never => {\n  throw new ` +
      `Error('here');\n};\n`,
  );
  const compiled = await compileTransform(file.path);
  const loaded = await importTransform(compiled.url(), file.path);
  assert.throws(
    () => loaded.transform?.('x', undefined as never, undefined as never),
    (error: Error) => new RegExp(`${file.path}:6:9`).test(error.stack ?? ''),
  );
  await compiled.remove();
  file.remove();
});

test('compile errors name file, line and what is missing', async () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['t.ts', `export default (\n  value => {`, /t\.ts:2:\d+: /],
    ['t.ts', `\nimport x from 'no-such-package'; export default x;`, /t\.ts:2:15: .*no-such-package/],
    ['t.ts', `import './missing.js'; export default 1;`, /missing\.js/],
    ['t.ts', `export const named = 1;`, /no default export/],
    ['t.ts', `export default { transform: 5 };`, /transform is not a function but a number/],
    ['t.ts', `export default { transform: () => 1, transfrom: 1 };`, /transfrom, which no transform has/],
    ['t.ts', `export default { setup: () => 1 };`, /neither transform nor transformBatch/],
    ['t.ts', `export default { transform: () => 1, transformBatch: () => 1 };`, /both/],
    ['t.ts', `export default { transform: () => 1, input: 'text' };`, /input is neither/],
    ['t.py', `print()`, /is not a file that can be a transform/],
  ];
  for (const [name, text, expected] of cases) {
    const file = moduleFile(text, name);
    await assert.rejects(
      inspectTransform(file.path),
      (error: LoadError) =>
        error.code === 'TRANSFORM_LOAD' && expected.test(error.message) && error.message.includes(name),
      text,
    );
    file.remove();
  }
  await assert.rejects(
    inspectTransform('/no/such/file.ts'),
    (error: LoadError) => error.code === 'TRANSFORM_LOAD' && /does not exist/.test(error.message),
  );
});

test('inspectTransform returns what a module exports, without running its setup', async () => {
  const file = moduleFile(
    `export default { setup() { throw new Error('must not run'); }, validate: () => true, ` +
      `transformBatch: (values) => values, onTombstone: () => 'x' };`,
  );
  assert.deepEqual(await inspectTransform(file.path), {
    kind: 'batch',
    hasSetup: true,
    hasTeardown: false,
    hasValidate: true,
    hasOnTombstone: true,
    hasInputSchema: false,
    hasOutputSchema: false,
    declared: undefined,
  });
  file.remove();
});

test('a compiled file that was deleted is written again', async () => {
  const file = moduleFile(`export default () => 'still here';`);
  const compiled = await compileTransform(file.path);
  rmSync(dirname(fileURLToPath(compiled.url())), { recursive: true });
  const loaded = await importTransform(compiled.url(), file.path);
  assert.equal(loaded.transform?.('x', undefined as never, undefined as never), 'still here');
  const path = fileURLToPath(compiled.url());
  await compiled.remove();
  assert.equal(existsSync(path), false);
  file.remove();
});
