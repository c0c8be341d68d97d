import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkTypes, readOutput } from '../../src/app/type-check.js';
import { type Problem, Problems } from '../../src/config/text/problem.js';
import { runKd } from '../support/kd.js';
import { projectRoot } from '../support/paths.js';

const root = mkdtempSync(join(tmpdir(), 'kd-types-'));
after(() => rmSync(root, { recursive: true, force: true }));

const OPTIONS = { strict: true, module: 'nodenext', types: [], skipLibCheck: true, lib: ['es2023'] };

/** A project with a transform in it, using the compiler of this project. */
function project(name: string, transform: string, tsconfig: object = {}): string {
  const folder = join(root, name);
  mkdirSync(join(folder, 'src'), { recursive: true });
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(join(projectRoot, 'node_modules', 'typescript'), join(folder, 'node_modules', 'typescript'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, ...tsconfig }));
  writeFileSync(join(folder, 'src', 'transform.ts'), transform);
  return folder;
}

async function problemsOf(
  transform: string | undefined,
  workingDirectory = root,
): Promise<readonly Problem[]> {
  const problems = new Problems();
  await checkTypes({ transform, origin: undefined, workingDirectory }, problems);
  return problems.list();
}

const WRONG = 'export default (value: { id: number }): string =>\n  value.id;\n';

test(
  'kd validate --types reports the type errors of the ' + "transform's project, with file and line",
  async () => {
    const folder = project('wrong', WRONG);
    const config = `kafka:
  bootstrap-servers: a:9092
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
dispatcher: { transform: ./src/transform.ts, input: { format: json }, output: { format: json } }
`;
    writeFileSync(join(folder, 'kd.yml'), config);
    const unchecked = await runKd(['validate', '-c', 'kd.yml'], { cwd: folder });
    assert.equal(unchecked.code, 0, unchecked.stdout);
    const { code, stdout } = await runKd(['validate', '-c', 'kd.yml', '--types'], { cwd: folder });
    assert.match(stdout, /^src\/transform\.ts:2:3: error: TS2322: Type 'number' is not assignable/m);
    assert.equal(code, 2);
  },
);

test('a project without errors has no problems', async () => {
  const folder = project('right', WRONG.replace('value.id', 'String(value.id)'));
  assert.deepEqual(await problemsOf(join(folder, 'src', 'transform.ts')), []);
});

test("where types can't be checked, a warning gives the reason and a remedy", async () => {
  const bare = join(root, 'bare');
  mkdirSync(bare);
  writeFileSync(join(bare, 'transform.ts'), WRONG);
  const elsewhere = project('elsewhere', WRONG, { include: ['other'] });
  mkdirSync(join(elsewhere, 'other'));
  writeFileSync(join(elsewhere, 'other', 'other.ts'), 'export const one = 1;\n');
  const uncompiled = join(root, 'uncompiled');
  mkdirSync(uncompiled);
  writeFileSync(join(uncompiled, 'tsconfig.json'), '{}');
  const cases: readonly (readonly [string | undefined, RegExp])[] = [
    [undefined, /the job has no transform$/],
    [join(bare, 'transform.mjs'), /transform\.mjs is not TypeScript$/],
    [join(bare, 'transform.ts'), /there is no tsconfig\.json in .*bare or above$/],
    [join(uncompiled, 'transform.ts'), /the project of .*tsconfig\.json has no typescript$/],
    [join(elsewhere, 'src', 'transform.ts'), /tsconfig\.json does not include .*transform\.ts$/],
  ];
  for (const [transform, words] of cases) {
    const problems = await problemsOf(transform);
    assert.deepEqual(
      problems.map(({ severity }) => severity),
      ['warning'],
    );
    assert.match(problems[0]?.message ?? '', /^types were not checked: /);
    assert.match(problems[0]?.message ?? '', words);
  }
});

test('tsc errors that span several lines are one problem each; those about no file have no place', () => {
  const output = `src/a.ts(1,2): error TS1: one\n  goes on\r\nerror TS5: no file\n/p/src/a.ts\n`;
  const { errors, files } = readOutput(output, '/p');
  assert.deepEqual(errors, [
    { file: '/p/src/a.ts', line: 1, column: 2, message: 'TS1: one goes on' },
    { file: '', line: 0, column: 0, message: 'TS5: no file' },
  ]);
  assert.deepEqual([...files], ['/p/src/a.ts']);
});
