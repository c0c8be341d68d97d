/**
 * A secret in every field that takes one, through every verb, in success and failure: none may appear in any
 * output.
 */
// @alone: six programs at the same time fill the machine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { writeJks } from '../../stores/jks-writer.js';
import { atEndOf } from '../../support/at-end.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { spawnKd } from '../../support/kd.js';
import {
  type SecureCluster,
  type SecureListener,
  startSecureCluster,
  USERS,
} from '../../support/secure-cluster.js';
import type { TokenEndpoint } from '../../support/token-issuer.js';
import { Canaries } from '../canaries.js';

const canaries = new Canaries();
const SECRET = {
  truststore: canaries.secret('truststore'),
  keystore: canaries.secret('keystore'),
  key: canaries.secret('key password'),
  jaas: canaries.secret('jaas'),
  file: canaries.secret('file'),
  environment: canaries.secret('environment'),
  set: canaries.secret('set', ''),
  option: canaries.secret('option X'),
  command: canaries.secret('command config', '+/%&'),
  client: canaries.secret('client secret', '+/%&'),
  token: canaries.secret('token', '.abc-_~+/='),
  custom: canaries.secret('custom option'),
  userInfo: canaries.secret('user info', ''),
  wrong: canaries.secret('wrong store password'),
};
canaries.known('password of a user', USERS.admin.password);

interface Scene {
  readonly name: string;
  readonly args: readonly string[];
  readonly exit: number;
  /** Merged into kd.yml, section by section. */
  readonly yaml: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Matches the output, to prove that the program got this far. */
  readonly says?: RegExp;
  /** Called with this URL while the program runs; the program is stopped afterwards. */
  readonly look?: (url: string) => Promise<string>;
}

const SCENES_AT_ONCE = 6;
const MODULES = 'org.apache.kafka.common.security';

let secure: SecureCluster;
let endpoint: TokenEndpoint;
let root: string;
let stores: {
  readonly trust: string;
  readonly other: string;
  readonly keystore: string;
  readonly key: string;
  readonly chain: string;
};
let failed = true;
const topics = {
  input: uniqueName('canary-in'),
  output: uniqueName('canary-out'),
  dead: uniqueName('canary-dlq'),
};

const atEnd = atEndOf();
before(async () => {
  secure = await startSecureCluster();
  atEnd(() => secure.cluster.stop({ failed }));
  endpoint = await secure.tokens.listen({ id: USERS.admin.name, secret: SECRET.client }, 600);
  atEnd(() => endpoint.close());
  root = mkdtempSync(join(tmpdir(), 'kd-canaries-'));
  atEnd(() => rmSync(root, { recursive: true, force: true }));
  stores = makeStores();
  for (const name of Object.values(topics)) await secure.cluster.createTopic(name, { partitions: 1 });
  await secure.cluster.tool.produce({
    topic: topics.input,
    recipe: { seed: 1, records: 20, partitions: 1, keys: 'mixed', headers: true, holes: false },
  });
});

/** Stores whose passwords are canaries. */
function makeStores(): typeof stores {
  const { tls } = secure;
  const { certificate: chain, key } = tls.pem('client');
  canaries.key('key', key, chain);
  canaries.known('password of the stores', tls.password);
  const authority = new X509Certificate(tls.pem('ca').certificate).raw;
  const at = (name: string): string => join(root, name);
  writeFileSync(at('trust.jks'), writeJks({ password: SECRET.truststore, certificates: [authority] }));
  writeFileSync(at('other.jks'), writeJks({ password: 'another', certificates: [authority] }));
  const args = [
    'pkcs12',
    '-export',
    '-in',
    tls.path('client', 'pem'),
    '-out',
    at('client.p12'),
    '-passout',
    'env:PASS',
  ];
  execFileSync('openssl', args, { env: { ...process.env, PASS: plain(SECRET.keystore) } });
  const encrypted = createPrivateKey(key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: SECRET.key,
  });
  return {
    trust: at('trust.jks'),
    other: at('other.jks'),
    keystore: at('client.p12'),
    key: String(encrypted),
    chain,
  };
}
const plain = (text: string): string => text.replace('é', '');

/** A configuration with every field set; nothing listens at its address. */
function everything(): Readonly<Record<string, object>> {
  const jaas = SECRET.jaas.replaceAll(/["\\]/g, '\\$&');
  return {
    kafka: {
      'bootstrap-servers': '127.0.0.1:1',
      properties: {
        'security.protocol': 'SASL_SSL',
        'ssl.truststore.location': stores.trust,
        'ssl.truststore.password': SECRET.truststore,
        debug: 'all',
      },
    },
    consumer: {
      'group-id': uniqueName('canary'),
      topics: [topics.input],
      properties: {
        'ssl.keystore.location': stores.keystore,
        'ssl.keystore.password': plain(SECRET.keystore),
        'sasl.mechanism': 'SCRAM-SHA-512',
        'sasl.jaas.config': `${MODULES}.scram.ScramLoginModule required username="me" password="${jaas}";`,
      },
    },
    producer: {
      topic: topics.output,
      properties: {
        'ssl.keystore.key': stores.key,
        'ssl.keystore.certificate.chain': stores.chain,
        'ssl.key.password': SECRET.key,
        'sasl.mechanism': 'PLAIN',
        'sasl.username': 'me',
        'sasl.password': '${file:word.txt}',
      },
    },
    dispatcher: {
      'dead-letter': { topic: topics.dead },
      options: { apiKey: SECRET.custom, url: `https://me:${SECRET.userInfo}@host/x`, from: '${DB_PASSWORD}' },
    },
  };
}

/** A job on a listener of the broker, with debug output. */
function reaching(
  listener: SecureListener,
  properties: Readonly<Record<string, string>>,
  more: Partial<Record<string, object>> = {},
): object {
  return {
    kafka: {
      'bootstrap-servers': secure.address(listener),
      properties: { ...secure.javaProperties(listener), debug: 'all', ...properties },
      ...more['kafka'],
    },
    consumer: { 'group-id': uniqueName('canary'), topics: [topics.input], ...more['consumer'] },
    producer: { topic: topics.output },
    dispatcher: { 'dead-letter': { topic: topics.dead }, ...more['dispatcher'] },
    ...(more['server'] === undefined ? {} : { server: more['server'] }),
  };
}

function login(listener: 'SCRAM' | 'PASSWORD', password: string): Readonly<Record<string, string>> {
  const module = listener === 'SCRAM' ? 'scram.ScramLoginModule' : 'plain.PlainLoginModule';
  const quoted = password.replaceAll(/["\\]/g, '\\$&');
  return { 'sasl.jaas.config': `${MODULES}.${module} required username="admin" password="${quoted}";` };
}

function clientCredentials(secret: string): Readonly<Record<string, string>> {
  return {
    'sasl.oauthbearer.token.endpoint.url': endpoint.url,
    'sasl.jaas.config':
      `${MODULES}.oauthbearer.OAuthBearerLoginModule required ` +
      `clientId="${USERS.admin.name}" clientSecret="${secret}";`,
  };
}

const RUN = ['run', '--until', 'end', '-v'];
const JSON_OUT = ['-o', 'json'];
const tokens = (body: string): Readonly<Record<string, string>> => ({
  'tokens.mjs': `export default async () => { ${body} };\n`,
});

/** Scenes that need no broker. */
function quietScenes(): Scene[] {
  const yaml = everything();
  const environment = { DB_PASSWORD: SECRET.environment };
  const files = {
    'word.txt': `${SECRET.file}\n`,
    'words.properties': `sasl.mechanism=PLAIN\nsasl.username=me\nsasl.password=${SECRET.command}\n`,
  };
  const base = { yaml, env: environment, files };
  const own = [
    '-X',
    `sasl.password=${SECRET.option}`,
    '-X',
    'sasl.mechanism=PLAIN',
    '-X',
    'sasl.username=me',
  ];
  const scene = (name: string, exit: number, args: readonly string[], more: Partial<Scene> = {}): Scene => ({
    ...base,
    name,
    exit,
    args,
    ...more,
  });
  const faulty = {
    ...yaml,
    kafka: {
      'bootstrap-servers': SECRET.custom,
      properties: {
        'security.protocol': '${DB_PASSWORD}',
        'sasl.pasword': SECRET.wrong,
        'ssl.truststore.location': stores.other,
        'ssl.truststore.password': SECRET.wrong,
        'sasl.jaas.config': `PlainLoginModule required password=${SECRET.jaas}`,
      },
    },
  };
  return [
    scene('validate', 0, ['validate']),
    scene('validate --explain', 0, ['validate', '--explain']),
    scene('validate --explain as JSON', 0, ['validate', '--explain', ...JSON_OUT]),
    scene('validate of a faulty file', 2, ['validate', '-v', ...JSON_OUT], { yaml: faulty }),
    scene('config show', 0, [
      'config',
      'show',
      '--origin',
      '--set',
      `kafka.producer.properties.sasl.password=${SECRET.set}`,
    ]),
    scene('config show as JSON', 0, ['config', 'show', '--origin', ...JSON_OUT], {
      env: { ...environment, KD_KAFKA_PROPERTIES_SASL_PASSWORD: SECRET.environment },
    }),
    scene('unreachable', 3, [...RUN, ...JSON_OUT], { says: /connection refused/ }),
    scene('doctor, unreachable', 6, ['doctor', '-v'], { says: /connection refused/ }),
    scene('topics check with -X, unreachable', 3, ['topics', 'check', '-v', ...own]),
    scene('topics list with a command config, unreachable', 3, [
      'topics',
      'list',
      '-v',
      '--command-config',
      'words.properties',
      ...JSON_OUT,
    ]),
    scene(
      'truststore show',
      0,
      ['truststore', 'show', stores.trust, '--password-file', 'trust.txt', ...JSON_OUT],
      {
        files: { ...files, 'trust.txt': SECRET.truststore },
      },
    ),
    scene(
      'truststore show, wrong password',
      2,
      ['truststore', 'show', stores.other, '--password-env', 'STORE_PASSWORD', '-v', ...JSON_OUT],
      {
        env: { ...environment, STORE_PASSWORD: SECRET.wrong },
      },
    ),
  ];
}

/** Scenes that use the broker. */
function scenesOnBroker(): Scene[] {
  const good = login('SCRAM', USERS.admin.password);
  const provider = (
    body: string,
    more: Partial<Record<string, object>> = {},
  ): Pick<Scene, 'yaml' | 'files'> => ({
    yaml: reaching('TOKEN', {}, { kafka: { 'token-provider': './tokens.mjs' }, ...more }),
    files: tokens(body),
  });
  const given = canaries.known(
    'a valid token',
    secure.tokens.token({ subject: USERS.admin.name, lifeSeconds: 600 }),
  );
  const future = 'Date.now() + 600000';
  return [
    { name: 'SCRAM', exit: 0, args: [...RUN, ...JSON_OUT], yaml: reaching('SCRAM', good) },
    { name: 'mutual TLS', exit: 0, args: RUN, yaml: reaching('MTLS', {}) },
    {
      name: 'client credentials',
      exit: 0,
      args: RUN,
      yaml: reaching('TOKEN', clientCredentials(SECRET.client)),
    },
    {
      name: '/status',
      exit: 0,
      args: ['run', '-v', ...JSON_OUT],
      ...provider(`return { token: '${given}', expiryTime: ${future} }`, { server: { port: 0 } }),
      look: async (url) => (await fetch(`${url}/status`)).text(),
    },
    {
      name: 'wrong password',
      exit: 8,
      args: [...RUN, ...JSON_OUT],
      yaml: reaching('PASSWORD', login('PASSWORD', SECRET.jaas)),
      says: /refuses/,
    },
    {
      name: 'wrong SCRAM password',
      exit: 8,
      args: RUN,
      yaml: reaching('SCRAM', login('SCRAM', SECRET.jaas)),
      says: /refuses/,
    },
    {
      name: 'wrong client secret',
      exit: 8,
      args: RUN,
      yaml: reaching('TOKEN', clientCredentials(SECRET.command)),
      says: /no token/,
    },
    {
      name: 'refused token',
      exit: 8,
      args: [...RUN, ...JSON_OUT],
      ...provider(`return { token: '${SECRET.token}', expiryTime: ${future} }`),
    },
    {
      name: 'a provider that quotes its token and its secret',
      exit: 8,
      args: [...RUN, ...JSON_OUT],
      ...provider(
        `throw new Error('401 for ' + process.env.CLIENT_SECRET + ' and ' + ` +
          `encodeURIComponent(process.env.CLIENT_SECRET))`,
      ),
      env: { CLIENT_SECRET: SECRET.environment },
      says: /401 for \*\*\*/,
    },
    {
      name: 'a crash that quotes a token',
      exit: 1,
      args: ['run', '-v', ...JSON_OUT],
      ...provider(
        `setTimeout(() => { throw new Error('broken with ${given}') }, 1500); return { token: ` +
          `'${given}', expiryTime: ${future} }`,
      ),
      env: { NODE_OPTIONS: '--report-uncaught-exception --report-on-fatalerror --report-directory=.' },
      says: /broken with \*\*\*/,
    },
    {
      name: 'a transform that throws its options',
      exit: 0,
      args: [...RUN, ...JSON_OUT],
      yaml: reaching('SCRAM', good, {
        dispatcher: {
          transform: './bad.mjs',
          input: { format: 'raw' },
          threads: 1,
          options: { apiKey: SECRET.custom },
        },
      }),
      files: {
        'bad.mjs':
          "export default (value, record, { options, logger }) => { logger.warn('with ' + " +
          "options.apiKey); throw new Error('not with ' + options.apiKey + " +
          "Buffer.from(options.apiKey).toString('base64')); };\n",
      },
      says: /with \*\*\*/,
    },
    { name: 'doctor', exit: 0, args: ['doctor', '-v'], yaml: reaching('SCRAM', good) },
    {
      name: 'doctor, wrong password',
      exit: 6,
      args: ['doctor', '-v', ...JSON_OUT],
      yaml: reaching('PASSWORD', login('PASSWORD', SECRET.jaas)),
      says: /refuses/,
    },
    {
      name: 'topics create',
      exit: 0,
      args: ['topics', 'create', '-v', ...JSON_OUT],
      yaml: reaching('SCRAM', good),
    },
    {
      name: 'topics list, wrong password',
      exit: 8,
      args: ['topics', 'list', '-v', ...JSON_OUT, '--set', `kafka.properties.sasl.password=${SECRET.set}`],
      yaml: reaching('SCRAM', { 'sasl.username': 'admin' }),
    },
    {
      name: 'consume',
      exit: 8,
      args: ['consume', topics.input, '-v', ...JSON_OUT],
      yaml: reaching('SCRAM', login('SCRAM', SECRET.jaas)),
    },
    {
      name: 'produce',
      exit: 0,
      args: ['produce', topics.output, '-v', ...JSON_OUT],
      yaml: reaching('SCRAM', good),
      input: '{"value":"x"}\n',
    },
  ];
}

async function play(scene: Scene): Promise<string[]> {
  const folder = mkdtempSync(join(root, 'scene-'));
  const { kafka, consumer, producer, ...rest } = scene.yaml as Readonly<Record<string, object>>;
  writeFileSync(join(folder, 'kd.yml'), JSON.stringify({ kafka: { ...kafka, consumer, producer }, ...rest }));
  for (const [name, text] of Object.entries(scene.files ?? {})) writeFileSync(join(folder, name), text);
  const kd = spawnKd(scene.args, {
    cwd: folder,
    ...(scene.env === undefined ? {} : { env: scene.env }),
    ...(scene.input === undefined ? {} : { input: scene.input }),
  });
  let seen = '';
  if (scene.look !== undefined) {
    const [, url = ''] = await kd.waitFor(/"url":"([^"]+)"/);
    await kd.waitFor(/assigned/);
    seen = await scene.look(url);
    kd.kill();
  }
  const { code, signal, stdout, stderr } = await kd.ended;
  const said = `${stdout}\n${stderr}`;
  const left = readdirSync(folder).filter((name) => /report|\.log$|core/.test(name));
  const traces = left.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  const faults = canaries.findIn(`${said}\n${seen}\n${traces}`).map((found) => `${scene.name}: ${found}`);
  if (code !== scene.exit)
    faults.push(`${scene.name}: ended with ${code ?? signal}, not ${scene.exit}:\n${said.slice(-3000)}`);
  if (scene.says !== undefined && !scene.says.test(said))
    faults.push(`${scene.name}: never said ${scene.says.source}:\n${said.slice(-3000)}`);
  return faults;
}

/** Plays a few scenes at a time. */
async function playAll(scenes: readonly Scene[]): Promise<string[]> {
  const left = [...scenes];
  const faults: string[] = [];
  const lane = async (): Promise<void> => {
    for (let scene = left.shift(); scene !== undefined; scene = left.shift())
      faults.push(...(await play(scene)));
  };
  await Promise.all(Array.from({ length: SCENES_AT_ONCE }, lane));
  return faults;
}

test('a secret is found in every encoding in which it could appear', () => {
  const own = new Canaries();
  const secret = own.secret('x');
  const forms = [
    JSON.stringify({ a: secret }),
    encodeURIComponent(secret),
    ...['', 'a', 'ab'].map((before) => Buffer.from(before + secret).toString('base64')),
  ];
  for (const text of [secret, Buffer.from(secret).toString('hex'), ...forms])
    assert.equal(own.findIn(`…${text}…`).length > 0, true, text);
  assert.deepEqual(own.findIn('nothing of it'), []);
});

test('no secret of any field appears in the output of any verb, in success or failure', async () => {
  const faults = await playAll([...scenesOnBroker(), ...quietScenes()]);
  assert.deepEqual(faults, [], faults.join('\n\n'));
});

test('no dead letter contains a secret', async () => {
  const records = await secure.cluster.tool.consume([topics.dead]);
  assert.ok(records.length >= 20);
  const text = records
    .flatMap(({ headers }) => headers.map(([name, value]) => `${name}: ${value?.toString('utf8') ?? ''}`))
    .join('\n');
  assert.match(text, /kd-message: not with \*\*\*/);
  assert.deepEqual(canaries.findIn(text), []);
  failed = false;
});
