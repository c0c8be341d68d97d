// @alone: tokens live for seconds, and the broker accepts no expired one.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Summary } from '../../../src/app/summary.js';
import { atEndOf } from '../../support/at-end.js';
import type { Recipe } from '../../support/java/requests.js';
import { type KdProcess, lastJson } from '../../support/kd.js';
import { type SecureCluster, startSecureCluster, USERS } from '../../support/secure-cluster.js';
import type { TokenEndpoint } from '../../support/token-issuer.js';
import { assertExact, assertLaw, Job, type JobSpec } from '../job.js';

/**
 * Tokens live for seconds here. The broker accepts neither an expired token nor a connection whose token has
 * expired.
 */
const LIFE_SECONDS = 8;
const CREDENTIALS = { id: USERS.admin.name, secret: 'client-secret' };
const SIGNER = 'node_modules/aws-msk-iam-sasl-signer-js';

let secure: SecureCluster;
let failed = true;
const endpoints: TokenEndpoint[] = [];
const started: KdProcess[] = [];

const atEnd = atEndOf();
before(async () => {
  secure = await startSecureCluster({
    properties: { 'listener.name.token.oauthbearer.connections.max.reauth.ms': '4000' },
  });
  atEnd(() => secure.cluster.stop({ failed }));
  atEnd(() => Promise.all(endpoints.map((endpoint) => endpoint.close())));
  atEnd(() => {
    for (const kd of started) kd.kill('SIGKILL');
  });
});

async function endpointOf(lifeSeconds = LIFE_SECONDS): Promise<TokenEndpoint> {
  const endpoint = await secure.tokens.listen(CREDENTIALS, lifeSeconds);
  endpoints.push(endpoint);
  return endpoint;
}

/** What AWS's signer and a user's module have in common: both fetch a token and return it in AWS's form. */
function askingFor(endpoint: TokenEndpoint): string {
  const basic = Buffer.from(`${CREDENTIALS.id}:${CREDENTIALS.secret}`).toString('base64');
  return `async () => {
    const headers = { authorization: 'Basic ${basic}' };
    const body = 'grant_type=client_credentials';
    const response = await fetch('${endpoint.url}', { method: 'POST', headers, body });
    const { ok, status } = response;
    if (!ok) throw Object.assign(new Error('the issuer answered ' + status), { status });
    const { access_token: token, expires_in: seconds } = await response.json();
    return { token, expiryTime: Date.now() + seconds * 1000 };
  }`;
}

function create(spec: Partial<JobSpec>): Promise<Job> {
  const properties = { ...secure.javaProperties('TOKEN'), ...spec.properties };
  return Job.create({
    cluster: secure.cluster,
    partitions: 2,
    bootstrapServers: secure.address('TOKEN'),
    ...spec,
    properties,
  });
}

function clientCredentials(endpoint: TokenEndpoint): Promise<Job> {
  const { id, secret } = CREDENTIALS;
  const module = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule';
  return create({
    properties: {
      'sasl.oauthbearer.token.endpoint.url': endpoint.url,
      'sasl.jaas.config': `${module} required clientId="${id}" clientSecret="${secret}";`,
    },
  });
}

function ownModule(endpoint: TokenEndpoint): Promise<Job> {
  return create({
    kafka: { 'token-provider': './tokens.mjs' },
    files: { 'tokens.mjs': `export default ${askingFor(endpoint)};\n` },
  });
}

/**
 * A configuration as Java clients use it for MSK; a package with AWS's name, where npm would put it, replaces
 * the signer.
 */
function mskIam(endpoint: TokenEndpoint): Promise<Job> {
  return create({
    properties: {
      'sasl.mechanism': 'AWS_MSK_IAM',
      'sasl.jaas.config': 'software.amazon.msk.auth.iam.IAMLoginModule required;',
      'sasl.client.callback.handler.class': 'software.amazon.msk.auth.iam.IAMClientCallbackHandler',
    },
    files: {
      [`${SIGNER}/package.json`]:
        '{ "name": "aws-msk-iam-sasl-signer-js", "version": "1.0.3", "main": "./dist/index.js" }',
      [`${SIGNER}/dist/index.js`]: `exports.generateAuthToken = ${askingFor(endpoint)};\n`,
    },
  });
}

const ENVIRONMENT = { AWS_REGION: 'eu-central-1' };

test(
  'client credentials and MSK IAM both outlive several tokens without losing, repeating or ' +
    'reordering a record',
  async () => {
    const recipe: Recipe = {
      seed: 43,
      records: 11_000,
      partitions: 2,
      keys: 'mixed',
      headers: true,
      holes: true,
    };
    const runs = await Promise.all(
      [clientCredentials, mskIam].map(async (make) => {
        const endpoint = await endpointOf();
        const job = await make(endpoint);
        const kd = job.spawn([], ENVIRONMENT);
        started.push(kd);
        return { endpoint, job, kd };
      }),
    );
    await Promise.all(runs.map(({ kd }) => kd.waitFor(/assigned/)));
    // Twenty-two seconds of records, in which every token but the newest expires; a connection is
    // authenticated again every 3.6 s.
    await Promise.all(
      runs.map(({ job }) => secure.cluster.tool.produce({ topic: job.input, recipe, perSecond: 500 })),
    );
    for (const { endpoint, job, kd } of runs) {
      await committedAll(job, recipe.records);
      kd.kill();
      const { code, stdout, stderr } = await kd.ended;
      assert.equal(code, 0, stderr);
      const summary = lastJson(stdout) as Summary;
      assertLaw(summary);
      assert.equal(summary.records.transformed, recipe.records);
      // A consumer and a producer, each with a first token and at least two more.
      assert.ok(endpoint.given() >= 6, `${endpoint.given()} tokens were asked for`);
      assert.doesNotMatch(stderr, /authentication|expired/i);
      assertExact(
        await secure.cluster.tool.verify({
          topics: [job.output],
          recipe,
          compare: 'bytes',
          samePartition: true,
        }),
      );
      job.remove();
    }
  },
);

async function committedAll(job: Job, records: number): Promise<void> {
  let committed = 0;
  for (let tries = 0; tries < 100 && committed < records; tries++) {
    committed = await job.committed();
    if (committed < records) await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.equal(committed, records);
}

test(
  'when no new token can be fetched, it warns while the old one lives, then stops: exit 3, and ' +
    'nothing is lost',
  async () => {
    const endpoint = await endpointOf(4);
    const job = await ownModule(endpoint);
    const kd = job.spawn([]);
    await kd.waitFor(/assigned/);
    endpoint.fail(503);
    const { code, stdout, stderr } = await kd.ended;
    assert.equal(code, 3, stderr);
    assert.match(stderr, /no token from .*tokens\.mjs: the issuer answered 503; trying again/);
    assert.match(stdout + stderr, /has expired, and \d+ attempts at a new one failed/);
    job.remove();
  },
);

const REFUSALS: readonly (readonly [
  words: string,
  make: (endpoint: TokenEndpoint) => Promise<Job>,
  status: number,
  exit: number,
  says: RegExp,
])[] = [
  [
    'a module whose issuer refuses',
    ownModule,
    401,
    8,
    /no token from .*tokens\.mjs: the issuer answered 401/,
  ],
  [
    'a module whose issuer is down',
    ownModule,
    503,
    3,
    /no token from .*tokens\.mjs: the issuer answered 503/,
  ],
  ['client credentials that are refused', clientCredentials, 401, 8, /no token for the \w+: .*401/],
  [
    'client credentials whose issuer is down',
    clientCredentials,
    503,
    3,
    /no token for the \w+: .*does not answer, or answers with a temporary error/,
  ],
];

for (const [words, make, status, exit, says] of REFUSALS) {
  test(`${words} is reported within ten seconds with exit ${exit}`, async () => {
    const endpoint = await endpointOf();
    endpoint.fail(status);
    const job = await make(endpoint);
    const kd = job.spawn();
    await kd.waitFor(says, 10_000);
    const { code, stdout, stderr } = await kd.ended;
    assert.equal(code, exit, stderr);
    assert.doesNotMatch(stdout + stderr, /client-secret/);
    job.remove();
  });
}

test("MSK IAM without AWS's package says what to install: exit 2", async () => {
  const endpoint = await endpointOf();
  const job = await mskIam(endpoint);
  rmSync(join(job.folder, SIGNER), { recursive: true });
  const { code, stderr } = await job.spawn(['--until', 'end'], ENVIRONMENT).ended;
  assert.equal(code, 2, stderr);
  assert.match(stderr, /npm install aws-msk-iam-sasl-signer-js/);
  job.remove();
  failed = false;
});
