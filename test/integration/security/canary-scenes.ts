/** Every verb with secrets, in success and failure. */
import { USERS } from '../../support/secure-cluster.js';
import {
  canaries,
  clientCredentials,
  everything,
  login,
  reaching,
  SECRET,
  type Stage,
  topics,
} from './canary-stage.js';

export interface Scene {
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

const RUN = ['run', '--until', 'end', '-v'];
const JSON_OUT = ['-o', 'json'];
const tokens = (body: string): Readonly<Record<string, string>> => ({
  'tokens.mjs': `export default async () => { ${body} };\n`,
});

/** Scenes that need no broker. */
export function quietScenes(stage: Stage): Scene[] {
  const { stores } = stage;
  const yaml = everything(stage);
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
    ...['status', 'top', 'why'].map((verb) =>
      scene(
        `${verb}, unreachable`,
        3,
        [verb, ...(verb === 'why' ? ['a', '0', '0'] : []), '-v', ...JSON_OUT],
        {
          yaml: { ...yaml, server: { port: 1, token: SECRET.token } },
        },
      ),
    ),
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

const WHY = `/why?topic=${topics.input}&partition=0&offset=0`;

/** Scenes that use the broker. */
export function scenesOnBroker(stage: Stage): Scene[] {
  const good = login('SCRAM', USERS.admin.password);
  const provider = (
    body: string,
    more: Partial<Record<string, object>> = {},
  ): Pick<Scene, 'yaml' | 'files'> => ({
    yaml: reaching(stage, 'TOKEN', {}, { kafka: { 'token-provider': './tokens.mjs' }, ...more }),
    files: tokens(body),
  });
  const given = canaries.known(
    'a valid token',
    stage.secure.tokens.token({ subject: USERS.admin.name, lifeSeconds: 600 }),
  );
  const future = 'Date.now() + 600000';
  const pageToken = canaries.known('the token of the server', 'canary-of-the-page-4711');
  return [
    { name: 'SCRAM', exit: 0, args: [...RUN, ...JSON_OUT], yaml: reaching(stage, 'SCRAM', good) },
    { name: 'mutual TLS', exit: 0, args: RUN, yaml: reaching(stage, 'MTLS', {}) },
    {
      name: 'client credentials',
      exit: 0,
      args: RUN,
      yaml: reaching(stage, 'TOKEN', clientCredentials(stage, SECRET.client)),
    },
    {
      name: 'all that the port answers',
      exit: 0,
      args: ['run', '-v', ...JSON_OUT],
      ...provider(`return { token: '${given}', expiryTime: ${future} }`, {
        server: { port: 0, token: pageToken },
        dispatcher: { options: { apiKey: SECRET.custom, url: `https://me:${SECRET.userInfo}@host/x` } },
      }),
      look: (url) => answersOf(url, pageToken),
    },
    {
      name: 'wrong password',
      exit: 8,
      args: [...RUN, ...JSON_OUT],
      yaml: reaching(stage, 'PASSWORD', login('PASSWORD', SECRET.jaas)),
      says: /refuses/,
    },
    {
      name: 'wrong SCRAM password',
      exit: 8,
      args: RUN,
      yaml: reaching(stage, 'SCRAM', login('SCRAM', SECRET.jaas)),
      says: /refuses/,
    },
    {
      name: 'wrong client secret',
      exit: 8,
      args: RUN,
      yaml: reaching(stage, 'TOKEN', clientCredentials(stage, SECRET.command)),
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
      yaml: reaching(stage, 'SCRAM', good, {
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
    {
      name: 'why',
      exit: 0,
      args: ['why', topics.input, '0', '0', '-v'],
      yaml: reaching(stage, 'SCRAM', good, { server: { port: 1, token: SECRET.token } }),
      says: /Said without the running job/,
    },
    {
      name: 'why, wrong password',
      exit: 8,
      args: ['why', topics.input, '0', '0', '-v', ...JSON_OUT],
      yaml: reaching(stage, 'PASSWORD', login('PASSWORD', SECRET.jaas)),
    },
    { name: 'doctor', exit: 0, args: ['doctor', '-v'], yaml: reaching(stage, 'SCRAM', good) },
    {
      name: 'doctor, wrong password',
      exit: 6,
      args: ['doctor', '-v', ...JSON_OUT],
      yaml: reaching(stage, 'PASSWORD', login('PASSWORD', SECRET.jaas)),
      says: /refuses/,
    },
    {
      name: 'topics create',
      exit: 0,
      args: ['topics', 'create', '-v', ...JSON_OUT],
      yaml: reaching(stage, 'SCRAM', good),
    },
    {
      name: 'topics list, wrong password',
      exit: 8,
      args: ['topics', 'list', '-v', ...JSON_OUT, '--set', `kafka.properties.sasl.password=${SECRET.set}`],
      yaml: reaching(stage, 'SCRAM', { 'sasl.username': 'admin' }),
    },
    {
      name: 'consume',
      exit: 8,
      args: ['consume', topics.input, '-v', ...JSON_OUT],
      yaml: reaching(stage, 'SCRAM', login('SCRAM', SECRET.jaas)),
    },
    {
      name: 'produce',
      exit: 0,
      args: ['produce', topics.output, '-v', ...JSON_OUT],
      yaml: reaching(stage, 'SCRAM', good),
      input: '{"value":"x"}\n',
    },
  ];
}

/** With the token and without. */
async function answersOf(url: string, token: string): Promise<string> {
  const paths = ['/', '/status', '/metrics', '/config', '/logs', '/logs?after=2', '/readyz', '/nothing', WHY];
  const texts: string[] = [];
  for (const path of paths) {
    texts.push(await (await fetch(url + path)).text());
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    const text = await answer.text();
    if (answer.status !== 404 && text.length < 10) throw new Error(`${path} says nothing: ${text}`);
    texts.push(text);
  }
  if (!texts.some((text) => text.includes('"key":"server.token","value":"********"')))
    throw new Error('/config does not show the masked token');
  return texts.join('\n');
}
