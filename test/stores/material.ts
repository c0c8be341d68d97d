/**
 * The stores of the matrix, made once per checkout by openssl, keytool and Java, and what Java reads from
 * them.
 */

import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Of } from '../../src/stores/index.js';
import { command, hash, once, prepareJava } from '../support/java/java.js';
import { projectRoot } from '../support/paths.js';
import { JAVA_STORES, KEYTOOL_STORES, keytoolScript, makeOrder } from './java-stores.js';
import { KEY_PASSWORD, opensslScript, PASSWORD } from './openssl-stores.js';

/** What Java read, or why it read nothing. */
export interface JavaAnswer {
  readonly file: string;
  readonly error?: string;
  readonly aliases?: readonly string[];
  readonly anchors?: readonly string[];
  readonly keys?: readonly {
    readonly alias: string;
    readonly chain: readonly string[];
    readonly key: string | null;
  }[];
}

export interface Material {
  readonly folder: string;
  readonly java: ReadonlyMap<string, JavaAnswer>;
  files(): readonly string[];
  path(name: string): string;
  bytes(name: string): Buffer;
  /** SHA-256 of certificates made by openssl, by their names. */
  sha256(...names: readonly string[]): string[];
}

let made: Promise<Material> | undefined;

export function storeMaterial(): Promise<Material> {
  made ??= open();
  return made;
}

async function open(): Promise<Material> {
  const recipe = [
    opensslScript(),
    keytoolScript(),
    ...JAVA_STORES.map(makeOrder),
    readFileSync(join(projectRoot, 'test/java/src/main/java/kd/StoreMatrix.java'), 'utf8'),
  ];
  const folder = await once(
    join(projectRoot, 'build', 'store-material'),
    hash(recipe.map((text) => Buffer.from(text))),
    make,
  );
  const lines = (await readFile(join(folder, 'answers.jsonl'), 'utf8')).trim().split('\n');
  const answers = lines.map((line) => JSON.parse(line) as JavaAnswer);
  const bytes = (name: string): Buffer => readFileSync(join(folder, name));
  return {
    folder,
    java: new Map(answers.map((answer) => [answer.file, answer])),
    files: () => readdirSync(folder).sort(),
    path: (name) => join(folder, name),
    bytes,
    sha256: (...names) => names.map((name) => sha256Of(new X509Certificate(bytes(`${name}.crt`)))),
  };
}

async function make(folder: string): Promise<void> {
  const script = join(folder, 'make.sh');
  await writeFile(script, ['cd "$(dirname "$0")"', opensslScript(), keytoolScript()].join('\n'));
  await command('bash', [script]);
  const opensslStores = readdirSync(folder).filter(
    (name) => name.endsWith('.p12') && name.startsWith('openssl-'),
  );
  const lists = [
    ...opensslStores.map((file) => listOrder(file, file.includes('empty-password') ? '' : PASSWORD)),
    ...Object.keys(KEYTOOL_STORES).map((file) => listOrder(file, PASSWORD)),
    ...JAVA_STORES.map(({ file, password }) => listOrder(file, password)),
  ];
  await writeFile(join(folder, 'orders.tsv'), [...JAVA_STORES.map(makeOrder), ...lists].join('\n'));
  const { classPath } = await prepareJava();
  await command('java', [
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-cp',
    classPath,
    'kd.StoreMatrix',
    folder,
  ]);
}

function listOrder(file: string, password: string | undefined): string {
  return [
    'list',
    file,
    password ?? '-',
    file.includes('own-password') ? KEY_PASSWORD : (password ?? '-'),
  ].join('\t');
}
