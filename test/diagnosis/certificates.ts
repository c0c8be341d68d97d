/** Certificates for probes to stumble over, made by openssl in a folder of their own. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Material {
  readonly ca: string;
  readonly otherCa: string;
  readonly server: Pair;
  readonly wrongHost: Pair;
  readonly expired: Pair;
  readonly early: Pair;
  readonly selfSigned: Pair;
  readonly client: Pair;
  readonly strangeClient: Pair;
  readonly expiredClient: Pair;
  readonly encryptedKey: string;
}

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'kd-probe-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe', cwd: folder });
}

function read(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

function time(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().replace(/[-:T]|\.\d+/g, '');
}

function newKey(name: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`];
}

function authority(name: string): void {
  openssl(
    'req',
    '-x509',
    ...newKey(name),
    '-out',
    `${name}.crt`,
    '-days',
    '100',
    '-subj',
    `/O=probes/CN=${name}`,
  );
  writeFileSync(join(folder, `${name}.txt`), '');
}

function signed(
  by: string,
  name: string,
  names: string,
  [from, to]: readonly [number, number] = [-1, 100],
): Pair {
  const settings = [
    '[ca]\ndefault_ca = own',
    `[own]\ndatabase = ${by}.txt\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\npolicy = ` +
      `any\nx509_extensions = leaf\nunique_subject = no`,
    '[any]\ncommonName = supplied',
    `[leaf]\nsubjectAltName = ${names}\nbasicConstraints = CA:FALSE\n`,
  ].join('\n');
  writeFileSync(join(folder, `${name}.cnf`), settings);
  openssl('req', '-new', ...newKey(name), '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  const life = ['-startdate', time(from), '-enddate', time(to)];
  openssl(
    'ca',
    '-batch',
    '-notext',
    '-config',
    `${name}.cnf`,
    '-cert',
    `${by}.crt`,
    '-keyfile',
    `${by}.key`,
    ...life,
    '-in',
    `${name}.csr`,
    '-out',
    `${name}.crt`,
  );
  return { cert: read(`${name}.crt`), key: read(`${name}.key`) };
}

/** `openssl s_server` that wants a client certificate of `ca`. */
export async function strictServer(
  material: Material,
): Promise<{ readonly address: string; readonly close: () => void }> {
  const files = {
    'strict.crt': material.server.cert,
    'strict.key': material.server.key,
    'strict-ca.crt': material.ca,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const own = [
    '-accept',
    '127.0.0.1:0',
    '-cert',
    'strict.crt',
    '-key',
    'strict.key',
    '-CAfile',
    'strict-ca.crt',
  ];
  const child = spawn(
    'openssl',
    ['s_server', ...own, '-Verify', '1', '-verify_return_error', '-naccept', '100'],
    {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const port = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`openssl s_server ended: ${said}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const match = /ACCEPT \S*:(\d+)/.exec(said);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
  });
  return { address: `localhost:${port}`, close: () => void child.kill('SIGKILL') };
}

export function makeMaterial(): Material {
  authority('ca');
  authority('other-ca');
  const local = 'DNS:localhost,IP:127.0.0.1';
  openssl(
    'req',
    '-x509',
    ...newKey('alone'),
    '-out',
    'alone.crt',
    '-days',
    '100',
    '-subj',
    '/CN=localhost',
    '-addext',
    `subjectAltName=${local}`,
  );
  const client = signed('ca', 'client', 'DNS:client');
  openssl('pkcs8', '-topk8', '-in', 'client.key', '-out', 'encrypted.key', '-passout', 'pass:key-password');
  return {
    ca: read('ca.crt'),
    otherCa: read('other-ca.crt'),
    server: signed('ca', 'localhost', local),
    wrongHost: signed('ca', 'wrong', 'DNS:broker.wrong.example,DNS:*.other.example'),
    expired: signed('ca', 'expired', local, [-30, -9]),
    early: signed('ca', 'early', local, [50, 90]),
    selfSigned: { cert: read('alone.crt'), key: read('alone.key') },
    client,
    strangeClient: signed('other-ca', 'stranger', 'DNS:client'),
    expiredClient: signed('ca', 'late-client', 'DNS:client', [-30, -2]),
    encryptedKey: read('encrypted.key'),
  };
}
