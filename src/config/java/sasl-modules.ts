/** Translates the options of Java's login modules into librdkafka's properties. */

import { isSecretName } from '../../secrets/names.js';
import { quote, ValueFault } from '../keys/value-fault.js';
import type { LoginModule } from './jaas.js';

export interface IamOptions {
  readonly profile?: string;
  readonly roleArn?: string;
  readonly roleSessionName?: string;
}

export interface Credentials {
  /** The mechanism that the module implies; undefined if it works with several. */
  readonly mechanism: string | undefined;
  /** Mechanisms that the module works with. */
  readonly fits: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
  readonly iam: IamOptions | undefined;
  readonly secrets: readonly string[];
  readonly notes: readonly string[];
}

type Reader = (login: LoginModule) => Partial<Credentials> & { readonly fits: readonly string[] };

const MODULES: ReadonlyMap<string, Reader> = new Map(
  Object.entries<Reader>({
    PlainLoginModule: (login) => ({
      mechanism: 'PLAIN',
      fits: ['PLAIN'],
      properties: userAndPassword(login),
    }),
    ScramLoginModule: scram,
    OAuthBearerLoginModule: oauthBearer,
    IAMLoginModule: iam,
    Krb5LoginModule: kerberos,
  }),
);

/** Throws ValueFault, whose text never contains a value. */
export function credentialsOf(login: LoginModule): Credentials {
  const reader = MODULES.get(login.module);
  if (reader === undefined)
    throw new ValueFault(
      `the login module ${quote(login.module)} is not supported`,
      `use one of ${[...MODULES.keys()].join(', ')}`,
    );
  const secrets = [...login.options].filter(([name]) => isSecretName(name)).map(([, value]) => value);
  return {
    mechanism: undefined,
    properties: new Map(),
    iam: undefined,
    notes: [],
    ...reader(login),
    secrets,
  };
}

function userAndPassword(login: LoginModule): ReadonlyMap<string, string> {
  allow(login, ['username', 'password']);
  return new Map([
    ['sasl.username', required(login, 'username')],
    ['sasl.password', required(login, 'password')],
  ]);
}

function scram(login: LoginModule): ReturnType<Reader> {
  if (/^true$/i.test(login.options.get('tokenauth') ?? ''))
    throw new ValueFault(
      'logs in with a delegation token (tokenauth), which librdkafka does not support',
      'use a user and a password',
    );
  const options = new Map(login.options);
  options.delete('tokenauth');
  return { fits: ['SCRAM-SHA-256', 'SCRAM-SHA-512'], properties: userAndPassword({ ...login, options }) };
}

function oauthBearer(login: LoginModule): ReturnType<Reader> {
  const { options } = login;
  const names = [...options.keys()];
  const extensions = [...options]
    .filter(([name]) => name.startsWith('extension_'))
    .map(([name, value]) => `${name.slice('extension_'.length)}=${value}`);
  const properties = new Map<string, string>();
  if (extensions.length > 0) properties.set('sasl.oauthbearer.extensions', extensions.join(','));
  const fits = ['OAUTHBEARER', 'AWS_MSK_IAM'];
  if (names.some((name) => name.startsWith('aws'))) return { ...iam(login), fits };
  if (names.some((name) => name.startsWith('unsecuredLogin'))) {
    unsecured(login, properties);
  } else {
    allow(login, [
      'clientId',
      'clientSecret',
      'scope',
      ...names.filter((name) => name.startsWith('extension_')),
    ]);
    for (const [option, name] of [
      ['clientId', 'sasl.oauthbearer.client.id'],
      ['clientSecret', 'sasl.oauthbearer.client.secret'],
      ['scope', 'sasl.oauthbearer.scope'],
    ] as const) {
      const value = options.get(option);
      if (value !== undefined) properties.set(name, value);
    }
  }
  return { mechanism: 'OAUTHBEARER', fits, properties };
}

/** Unsigned tokens, for development. */
function unsecured(login: LoginModule, properties: Map<string, string>): void {
  allow(login, [
    'unsecuredLoginStringClaim_sub',
    'unsecuredLoginLifetimeSeconds',
    ...[...login.options.keys()].filter((name) => name.startsWith('extension_')),
  ]);
  const life = login.options.get('unsecuredLoginLifetimeSeconds');
  properties.set('enable.sasl.oauthbearer.unsecure.jwt', 'true');
  const principal = required(login, 'unsecuredLoginStringClaim_sub');
  properties.set(
    'sasl.oauthbearer.config',
    `principal=${principal}${life === undefined ? '' : ` lifeSeconds=${life}`}`,
  );
}

/** Options of the Java library for retries and logging; kd decides these itself. */
const IAM_UNUSED = ['awsDebugCreds', 'awsMaxRetries', 'awsMaxBackOffTimeMs', 'awsStsRegion'];

function iam(login: LoginModule): ReturnType<Reader> {
  const { options } = login;
  if (options.has('awsRoleExternalId') || options.has('awsRoleAccessKeyId'))
    throw new ValueFault(
      'assumes a role with an external id or with its own keys, which is not supported',
      'put them into an AWS profile and name it: awsProfileName="…"',
    );
  allow(login, ['awsProfileName', 'awsRoleArn', 'awsRoleSessionName', ...IAM_UNUSED]);
  const profile = options.get('awsProfileName');
  const roleArn = options.get('awsRoleArn');
  const roleSessionName = options.get('awsRoleSessionName');
  return {
    mechanism: 'AWS_MSK_IAM',
    fits: ['AWS_MSK_IAM', 'OAUTHBEARER'],
    iam: {
      ...(profile === undefined ? {} : { profile }),
      ...(roleArn === undefined ? {} : { roleArn }),
      ...(roleSessionName === undefined ? {} : { roleSessionName }),
    },
    notes: IAM_UNUSED.filter((name) => options.has(name)).map((name) => `${name} is left out`),
  };
}

function kerberos(login: LoginModule): ReturnType<Reader> {
  allow(login, [
    'useKeyTab',
    'keyTab',
    'principal',
    'storeKey',
    'useTicketCache',
    'renewTGT',
    'serviceName',
    'doNotPrompt',
    'refreshKrb5Config',
    'debug',
  ]);
  const properties = new Map<string, string>();
  for (const [option, name] of [
    ['keyTab', 'sasl.kerberos.keytab'],
    ['principal', 'sasl.kerberos.principal'],
    ['serviceName', 'sasl.kerberos.service.name'],
  ] as const) {
    const value = login.options.get(option);
    if (value !== undefined) properties.set(name, value);
  }
  return { mechanism: 'GSSAPI', fits: ['GSSAPI'], properties };
}

function required(login: LoginModule, option: string): string {
  const value = login.options.get(option);
  if (value !== undefined && value !== '') return value;
  throw new ValueFault(`${login.module} has no ${option}`, `add ${option}="…"`);
}

/**
 * An option that is ignored may be the important one, so unknown options are refused. Its name is not quoted:
 * if a quote is missing, the name may be half a password.
 */
function allow(login: LoginModule, known: readonly string[]): void {
  const names = [...login.options.keys()];
  const unknown = names.findIndex((name) => !known.includes(name));
  if (unknown >= 0)
    throw new ValueFault(
      `option number ${unknown + 1} of ${login.module} is not supported`,
      `it takes ${known.join(', ')}; put values in double quotes`,
    );
}
