/** What the compiler says first of a mistake, and where. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { buildRoot, projectRoot } from '../support/paths.js';

const LIBRARY = join(buildRoot, 'src', 'index.js');
const HEAD = `import { defineTransform, drop, emit, emitAll, type } from '${LIBRARY}';
interface In { carrier: string; delay: number }
interface Out { carrier: string; late: boolean }
const input = type<In>();
const output = type<Out>();
`;

interface Case {
  readonly of: string;
  readonly code: string;
  /** The text at which the message points. */
  readonly at: string;
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  {
    of: 'a result without a field',
    code: 'defineTransform({ input, output, transform: (v) => ({ carrier: v.carrier }) })',
    at: 'transform',
    says: /Property 'late' is missing in type '{ carrier: string; }' but required in type 'Out'/,
  },
  {
    of: 'one of several results without a field',
    code: `defineTransform({ input, output, transform(v) {
      if (v.delay < 0) return drop();
      return { carrier: v.carrier };
    } })`,
    at: 'transform',
    says: /Property 'late' is missing/,
  },
  {
    of: 'an asynchronous result with a wrong field',
    code: `defineTransform({ input, output, transform: async (v) => ({ carrier: v.carrier, late: 'yes' }) })`,
    at: 'transform',
    says: /Types of property 'late' are incompatible.\n +Type 'string' is not assignable to type 'boolean'/,
  },
  {
    of: 'an emitted result without a field',
    code: 'defineTransform({ input, output, transform: (v) => emit({ carrier: v.carrier }) })',
    at: 'transform',
    says: /Property 'late' is missing/,
  },
  {
    of: 'one of many emitted results',
    code: 'defineTransform({ input, output, transform: () => emitAll([{ carrier: 1, late: true }]) })',
    at: 'transform',
    says: /Types of property 'carrier' are incompatible.\n +Type 'number' is not assignable to type 'string'/,
  },
  {
    of: 'a result of a batch',
    code: 'defineTransform({ input, output, transformBatch: (all) => all.map(() => ({ carrier: "x" })) })',
    at: 'transformBatch',
    says: /Property 'late' is missing/,
  },
  {
    of: 'types given by hand',
    code: 'defineTransform<In, Out>({ transform: (v) => ({ carrier: v.carrier }) })',
    at: 'transform',
    says: /Property 'late' is missing/,
  },
  {
    of: 'a forgotten return',
    code: 'defineTransform({ input, output, transform(v) { v.delay = 0; } })',
    at: 'transform',
    says: /Type 'void' is not assignable to type 'Answer</,
  },
  {
    of: 'a function whose name is misspelled',
    code: 'defineTransform({ input, output, transfrom: () => drop() })',
    at: 'transfrom',
    says: /'transfrom' does not exist in type .*Did you mean to write 'transform'\?/,
  },
  {
    of: 'headers that are spread into an object',
    code: 'defineTransform({ input, transform: (v, record) => emit(v, { headers: { ...record.headers } }) })',
    at: 'headers',
    says: /is not assignable to type 'HeadersInput/,
  },
  {
    of: 'a field to read whose name is misspelled',
    code: "defineTransform({ input, output, reads: ['dealy'], writes: ['late'], transform: () => drop() })",
    at: "'dealy'",
    says: /Type '"dealy"' is not assignable to type '"carrier" | "delay"'. Did you mean '"delay"'\?/,
  },
  {
    of: 'a field to write whose name is misspelled',
    code: "defineTransform({ input, output, reads: ['delay'], writes: ['lat'], transform: () => drop() })",
    at: "'lat'",
    says: /Type '"lat"' is not assignable to type '"carrier" | "late"'. Did you mean '"late"'\?/,
  },
  {
    of: 'a result with a field that `writes` does not list',
    code: `defineTransform({ input, output, reads: ['delay'], writes: ['late'],
      transform: (v) => ({ late: v.delay > 5, carrier: 'x' }) })`,
    at: 'transform',
    says: /to type 'Written<Out, "late">'[^]*property 'carrier' are incompatible/,
  },
  {
    of: 'a result without any field in `writes`',
    code: `defineTransform({ input, output, reads: ['delay'], transform: () => ({ late: true }) })`,
    at: 'transform',
    says: /property 'late' are incompatible/,
  },
];

/** One program for all cases: each is a file of its own. */
function diagnose(): ReadonlyMap<string, readonly ts.Diagnostic[]> {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: ['node'],
    typeRoots: [join(projectRoot, 'node_modules', '@types')],
  };
  const texts = new Map(
    CASES.map(({ code }, index) => [
      join(projectRoot, `case-${index}.mts`),
      `${HEAD}export const made = ${code};\n`,
    ]),
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => texts.has(name) || fileExists(name);
  host.readFile = (name) => texts.get(name) ?? readFile(name);
  host.getSourceFile = (name, version, ...rest) => {
    const text = texts.get(name);
    return text === undefined
      ? getSourceFile(name, version, ...rest)
      : ts.createSourceFile(name, text, version);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return new Map(
    [...texts.keys()].map((name, index) => [
      CASES[index]?.of ?? name,
      program.getSemanticDiagnostics(program.getSourceFile(name)),
    ]),
  );
}

test('the compiler says first what is wrong with a transform, at the function that has the mistake', () => {
  const found = diagnose();
  for (const { of, at, says } of CASES) {
    const [first, ...more] = found.get(of) ?? [];
    assert.ok(first?.file !== undefined && first.start !== undefined, `${of}: compiles`);
    assert.equal(more.length, 0, of);
    const text = ts.flattenDiagnosticMessageText(first.messageText, '\n');
    assert.match(text, says, of);
    assert.doesNotMatch(text, /overload|to type 'never'/, of);
    assert.doesNotMatch(text.split('\n')[0] ?? '', /to type 'undefined'/, of);
    assert.equal(first.file.text.slice(first.start, first.start + at.length), at, of);
  }
});
