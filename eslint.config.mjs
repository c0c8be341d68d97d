// Only what the compiler and Biome can't see: promises, exhaustiveness, sizes, and the borders of the pure
// rooms.
import tseslint from 'typescript-eslint';

const PURE_ROOMS = ['src/core/**/*.ts', 'src/ports/**/*.ts', 'src/wire/**/*.ts', 'src/dispatcher/**/*.ts'];

const NO_ENVIRONMENT = {
  object: 'process',
  property: 'env',
  message: 'The environment is read in src/config and src/main.ts only; pass the value in.',
};
const NO_WALL_CLOCK = {
  selector:
    "CallExpression[callee.object.name='Date'][callee.property.name='now'], " +
    "NewExpression[callee.name='Date'][arguments.length=0]",
  message: 'Time comes from the Clock port here, so that the simulation can own it.',
};
const NO_DOUBLE_CAST = {
  selector: 'TSAsExpression > TSAsExpression > TSUnknownKeyword',
  message: '`as unknown as` switches the type checker off; narrow with a check.',
};
const NO_COVERAGE_HOLES = /(c8|istanbul|v8|node:coverage)\s+(ignore|disable)/u;

/** A comment that hides a branch from coverage hides it from us too. */
const noCoverageComments = {
  create: (context) => ({
    Program: () => {
      for (const comment of context.sourceCode.getAllComments()) {
        if (NO_COVERAGE_HOLES.test(comment.value))
          context.report({ node: comment, message: 'Test it instead of hiding it from coverage.' });
      }
    },
  }),
};

export default tseslint.config(
  { ignores: ['build/**', 'build-*/**', 'node_modules/**', 'native/build*/**', 'coverage/**', '**/*.d.ts'] },
  {
    files: [
      'src/**/*.ts',
      'page/*.ts',
      'workers/**/*.ts',
      'test/**/*.ts',
      'benchmarks/**/*.ts',
      'examples/**/*.ts',
    ],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: {
      '@typescript-eslint': tseslint.plugin,
      house: { rules: { 'no-coverage-comments': noCoverageComments } },
    },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after', 'beforeEach', 'afterEach'],
            },
          ],
        },
      ],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'house/no-coverage-comments': 'error',
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
      'max-params': ['error', 4],
      'no-empty': 'error',
      'no-restricted-syntax': ['error', NO_DOUBLE_CAST],
      'no-warning-comments': ['error', { terms: ['fixme', 'todo', 'xxx'] }],
    },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    ignores: ['src/config/**', 'src/main.ts'],
    rules: { 'no-restricted-properties': ['error', NO_ENVIRONMENT] },
  },
  {
    files: PURE_ROOMS,
    rules: {
      'no-restricted-syntax': ['error', NO_DOUBLE_CAST, NO_WALL_CLOCK],
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'This room knows no process; pass the value in.' },
        { name: 'setTimeout', message: 'Timers come from the Clock port here.' },
        { name: 'setInterval', message: 'Timers come from the Clock port here.' },
        { name: 'setImmediate', message: 'Timers come from the Clock port here.' },
      ],
    },
  },
  {
    // The addon's callbacks pass numbers instead of objects.
    files: ['src/kafka/native-reader.ts', 'src/kafka/native-writer.ts'],
    rules: { 'max-params': 'off' },
  },
  {
    // A test body is a story told in one piece.
    files: ['test/**/*.ts', 'benchmarks/**/*.ts'],
    rules: { 'max-lines': ['error', { max: 500 }], 'max-lines-per-function': 'off' },
  },
);
