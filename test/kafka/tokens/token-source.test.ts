import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { SIGNER } from '../../../src/kafka/tokens/msk-signer.js';
import { tokenFailure } from '../../../src/kafka/tokens/token-answer.js';
import { loadTokenProvider } from '../../../src/kafka/tokens/token-source.js';

const MSK = ['b-1.demo.abc123.c2.kafka.eu-central-1.amazonaws.com:9098'];
const still = new AbortController().signal;
const home = process.cwd();
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-tokens-'));
  process.chdir(folder);
});
after(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Replaces AWS's package where a project would have it. Returns its arguments. */
function installSigner(text: string): void {
  const place = join(folder, 'node_modules', SIGNER);
  mkdirSync(join(place, 'dist'), { recursive: true });
  writeFileSync(
    join(place, 'package.json'),
    JSON.stringify({ name: SIGNER, version: '1.0.3', main: './dist/index.js' }),
  );
  writeFileSync(join(place, 'dist', 'index.js'), text);
}

async function refusal(promise: Promise<unknown>): Promise<DispatcherError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DispatcherError, 'it is refused');
  return error;
}

test("without AWS's package the message says what to install: exit 2", async () => {
  const error = await refusal(loadTokenProvider({ kind: 'msk-iam' }, MSK));
  assert.equal(error.exitCode, 2);
  assert.equal(error.remedy, 'npm install aws-msk-iam-sasl-signer-js');
});

test(
  "AWS's package is found in the project, and called as " + 'configured: default chain, profile, role',
  async () => {
    installSigner(
      ['generateAuthToken', 'generateAuthTokenFromProfile', 'generateAuthTokenFromRole']
        .map((name) => `exports.${name} = async (options) => ({ name: '${name}', ...options });`)
        .join('\n'),
    );
    const ask = async (source: object): Promise<unknown> =>
      (await loadTokenProvider({ kind: 'msk-iam', ...source }, MSK)).ask(still);
    assert.deepEqual(await ask({}), { name: 'generateAuthToken', region: 'eu-central-1' });
    assert.deepEqual(await ask({ region: 'us-east-1' }), { name: 'generateAuthToken', region: 'us-east-1' });
    assert.deepEqual(await ask({ profile: 'dev' }), {
      name: 'generateAuthTokenFromProfile',
      region: 'eu-central-1',
      awsProfileName: 'dev',
    });
    assert.deepEqual(await ask({ roleArn: 'arn:aws:iam::1:role/r', roleSessionName: 's' }), {
      name: 'generateAuthTokenFromRole',
      region: 'eu-central-1',
      awsRoleArn: 'arn:aws:iam::1:role/r',
      awsRoleSessionName: 's',
    });
  },
);

test(
  'the region is read from the addresses, also serverless ones; if they do not contain it, it ' +
    'must be configured',
  async () => {
    const serverless = ['boot-x1.c3.kafka-serverless.ap-south-1.amazonaws.com:9098'];
    const provider = await loadTokenProvider({ kind: 'msk-iam' }, serverless);
    assert.deepEqual(await provider.ask(still), { name: 'generateAuthToken', region: 'ap-south-1' });
    const error = await refusal(loadTokenProvider({ kind: 'msk-iam' }, ['localhost:9098']));
    assert.equal(error.exitCode, 2);
    assert.match(error.remedy ?? '', /AWS_REGION/);
  },
);

test('a profile and a role together are refused', async () => {
  const error = await refusal(loadTokenProvider({ kind: 'msk-iam', profile: 'p', roleArn: 'r' }, MSK));
  assert.equal(error.code, 'CONFIGURATION');
});

test("a user's module is called each time, also a CommonJS one", async () => {
  const path = file(
    'tokens.mjs',
    'let n = 0; export default async () => ({ token: `t${++n}`, expiryTime: 1 });',
  );
  const provider = await loadTokenProvider({ kind: 'module', path }, []);
  assert.deepEqual(
    [await provider.ask(still), await provider.ask(still)],
    [
      { token: 't1', expiryTime: 1 },
      { token: 't2', expiryTime: 1 },
    ],
  );
  const common = await loadTokenProvider(
    { kind: 'module', path: file('tokens.cjs', 'module.exports = () => 7;') },
    [],
  );
  assert.equal(await common.ask(still), 7);
});

test('a module with a parameter gets the signal; one with a default of its own keeps it', async () => {
  const ask = async (name: string, text: string): Promise<unknown> =>
    (await loadTokenProvider({ kind: 'module', path: file(name, text) }, [])).ask(still);
  assert.deepEqual(
    await ask(
      'heeds.mjs',
      'export default async ({ signal }) => [signal instanceof AbortSignal, signal.aborted];',
    ),
    [true, false],
  );
  assert.equal(await ask('own.mjs', "export default async (audience = 'kafka') => audience;"), 'kafka');
});

test('a changed module is loaded again', async () => {
  const path = file('changing.mjs', 'export default () => 1;');
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  assert.equal(await (await loadTokenProvider({ kind: 'module', path }, [])).ask(still), 1);
  file('changing.mjs', 'export default () => 2;');
  assert.equal(await (await loadTokenProvider({ kind: 'module', path }, [])).ask(still), 2);
});

test('a module that is missing, broken or without a function is named: exit 2', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [join(folder, 'nowhere.mjs'), /nowhere\.mjs can't be loaded: ENOENT/],
    [file('broken.mjs', 'export default {'), /broken\.mjs can't be loaded: Unexpected end of input/],
    [file('empty.mjs', 'export const token = 1;'), /empty\.mjs has no function as its default export/],
  ];
  for (const [path, says] of cases) {
    const error = await refusal(loadTokenProvider({ kind: 'module', path }, []));
    assert.equal(error.exitCode, 2);
    assert.match(error.message, says);
  }
});

test('an error from a provider is exit 3 if it may be temporary, 8 if it was a refusal', () => {
  const provider = { name: 'issuer', ask: async () => undefined };
  const passing: unknown[] = [
    Object.assign(new Error('getaddrinfo ENOTFOUND sts'), { code: 'ENOTFOUND' }),
    new TypeError('fetch failed', {
      cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
    }),
    Object.assign(new Error('slow down'), { name: 'ThrottlingException' }),
    Object.assign(new Error('busy'), { status: 503 }),
    Object.assign(new Error('internal'), { $metadata: { httpStatusCode: 500 } }),
  ];
  const final: unknown[] = [
    Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    }),
    Object.assign(new Error('no'), { status: 401 }),
    'a text',
    undefined,
  ];
  assert.deepEqual(
    passing.map((cause) => tokenFailure(provider, cause).exitCode),
    passing.map(() => 3),
  );
  assert.deepEqual(
    final.map((cause) => tokenFailure(provider, cause).exitCode),
    final.map(() => 8),
  );
});
