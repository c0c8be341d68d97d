/**
 * Certificates, keys and stores for tests on secure listeners: made once for a checkout (openssl, then one
 * JVM for the stores) and kept under build/.
 *
 *   const tls = await tlsMaterial();
 *   tls.path('ca', 'jks')        // truststore with the authority that signed the brokers
 *   tls.path('client', 'p12')    // keystore with key and chain
 *   tls.pem('client')            // { certificate (leaf, then authority), key }
 *
 * Every store and key in a store has the password `tls.password`; PEM keys are PKCS#8 and not encrypted.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { command, hash, once, prepareJava } from './java/java.js';
import { projectRoot } from './paths.js';

const run = promisify(execFile);
const DAY_MS = 86_400_000;
const PASSWORD = 'store-password';
/** The key with which the tests' token issuers sign, in whatever process they run (token-issuer.ts). */
export const TOKEN_KEY = 'token-issuer.key';

/** `ca` signed all certificates but `client-other-ca`, which `other-ca` signed. */
export type Authority = 'ca' | 'other-ca';
export type Identity =
  /** CN=localhost, for localhost and 127.0.0.1. */
  | 'server'
  /** For broker.wrong.example only. */
  | 'server-wrong-host'
  /** Expired nine days ago. */
  | 'server-expired'
  /** Valid in ten years. */
  | 'server-not-yet-valid'
  /** CN=client. */
  | 'client'
  | 'client-other-ca';
/**
 * pem: an authority's certificate, or an identity's key and chain in one file. key: only the key. crt: only
 * the chain.
 */
export type StoreForm = 'jks' | 'p12' | 'pem' | 'key' | 'crt';

export interface TlsMaterial {
  readonly folder: string;
  readonly password: string;
  path(name: Authority | Identity, form: StoreForm): string;
  pem(name: Authority | Identity): { readonly certificate: string; readonly key: string };
}

interface Order {
  readonly name: Identity;
  readonly authority: Authority;
  readonly commonName: string;
  readonly subjectAltName: string;
  /** Counted from today. */
  readonly days: readonly [from: number, to: number];
}

const ORDERS: readonly Order[] = [
  {
    name: 'server',
    authority: 'ca',
    commonName: 'localhost',
    subjectAltName: 'DNS:localhost,IP:127.0.0.1',
    days: [-1, 3650],
  },
  {
    name: 'server-wrong-host',
    authority: 'ca',
    commonName: 'wrong',
    subjectAltName: 'DNS:broker.wrong.example',
    days: [-1, 3650],
  },
  {
    name: 'server-expired',
    authority: 'ca',
    commonName: 'localhost',
    subjectAltName: 'DNS:localhost,IP:127.0.0.1',
    days: [-30, -9],
  },
  {
    name: 'server-not-yet-valid',
    authority: 'ca',
    commonName: 'localhost',
    subjectAltName: 'DNS:localhost',
    days: [3650, 4000],
  },
  { name: 'client', authority: 'ca', commonName: 'client', subjectAltName: 'DNS:client', days: [-1, 3650] },
  {
    name: 'client-other-ca',
    authority: 'other-ca',
    commonName: 'client',
    subjectAltName: 'DNS:client',
    days: [-1, 3650],
  },
];
const AUTHORITIES: readonly Authority[] = ['ca', 'other-ca'];

let made: Promise<TlsMaterial> | undefined;

export function tlsMaterial(): Promise<TlsMaterial> {
  made ??= open();
  return made;
}

async function open(): Promise<TlsMaterial> {
  const recipe = await readFile(fileURLToPath(import.meta.url));
  const folder = await once(join(projectRoot, 'build', 'tls-material'), hash([recipe]), make);
  const path: TlsMaterial['path'] = (name, form) => join(folder, `${name}.${form}`);
  return {
    folder,
    password: PASSWORD,
    path,
    pem: (name) => ({
      certificate: readFileSync(path(name, 'crt'), 'utf8'),
      key: readFileSync(path(name, 'key'), 'utf8'),
    }),
  };
}

async function make(folder: string): Promise<void> {
  for (const authority of AUTHORITIES) await makeAuthority(folder, authority);
  for (const order of ORDERS) await makeIdentity(folder, order);
  await openssl(['genpkey', '-algorithm', 'RSA', '-out', join(folder, TOKEN_KEY)]);
  const { classPath } = await prepareJava();
  const stores = (['jks', 'p12'] as const).flatMap((form) => [
    ...AUTHORITIES.flatMap((name) => ['trust', join(folder, `${name}.pem`), join(folder, `${name}.${form}`)]),
    ...ORDERS.flatMap(({ name }) => ['key', join(folder, `${name}.pem`), join(folder, `${name}.${form}`)]),
  ]);
  await command('java', [
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-cp',
    classPath,
    'kd.Stores',
    PASSWORD,
    ...stores,
  ]);
}

async function makeAuthority(folder: string, name: Authority): Promise<void> {
  const place = join(folder, `${name}.db`);
  await mkdir(place);
  await writeFile(join(place, 'index.txt'), '');
  await writeFile(join(place, 'index.txt.attr'), 'unique_subject = no\n');
  const certificate = join(folder, `${name}.crt`);
  const key = join(folder, `${name}.key`);
  const subject = `/O=Kafka-Dispatcher tests/CN=${name}`;
  await openssl([
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
    '-days',
    '7300',
    '-subj',
    subject,
  ]);
  await writeFile(join(folder, `${name}.pem`), await readFile(certificate));
}

async function makeIdentity(
  folder: string,
  { name, authority, commonName, subjectAltName, days }: Order,
): Promise<void> {
  const file = (form: string): string => join(folder, `${name}.${form}`);
  await writeFile(file('cnf'), settings(join(folder, `${authority}.db`), subjectAltName));
  await openssl([
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    file('key'),
    '-out',
    file('csr'),
    '-subj',
    `/CN=${commonName}`,
  ]);
  const [from, to] = days;
  const signer = ['-cert', join(folder, `${authority}.crt`), '-keyfile', join(folder, `${authority}.key`)];
  const life = ['-startdate', opensslTime(from), '-enddate', opensslTime(to)];
  await openssl([
    'ca',
    '-batch',
    '-notext',
    '-config',
    file('cnf'),
    ...signer,
    ...life,
    '-in',
    file('csr'),
    '-out',
    file('crt'),
  ]);
  await appendFile(file('crt'), await readFile(join(folder, `${authority}.crt`)));
  await writeFile(
    file('pem'),
    `${await readFile(file('key'), 'utf8')}${await readFile(file('crt'), 'utf8')}`,
  );
}

/** Only `openssl ca` accepts a start and an end date; it keeps a list of the certificates it signed. */
function settings(place: string, subjectAltName: string): string {
  return [
    '[ca]\ndefault_ca = own',
    `[own]\ndatabase = ${place}/index.txt\nnew_certs_dir = ${place}\nrand_serial = yes\ndefault_md = ` +
      `sha256\npolicy = any\nx509_extensions = leaf`,
    '[any]\ncommonName = supplied',
    `[leaf]\nsubjectAltName = ${subjectAltName}\nbasicConstraints = CA:FALSE\nextendedKeyUsage = ` +
      `serverAuth,clientAuth\n`,
  ].join('\n');
}

function opensslTime(days: number): string {
  return `${new Date(Date.now() + days * DAY_MS).toISOString().replace(/[-:T]|\.\d+/g, '')}`;
}

async function openssl(args: readonly string[]): Promise<void> {
  try {
    await run('openssl', args);
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    throw new Error(`openssl ${args[0] ?? ''} failed:\n${stderr ?? ''}`, { cause: error });
  }
}
