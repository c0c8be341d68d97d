/**
 * `kd truststore show|export`: lists the contents of a certificate store, or prints its certificates as PEM.
 * Private keys are never printed.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  issuerOf,
  printable,
  readStoreFile,
  type Store,
  StoreError,
  sha256Of,
  subjectOf,
  toPem,
  trustAnchors,
} from '../../stores/index.js';
import { type CliIo, colorsFor, type GlobalOptions, printJson } from '../io.js';
import { addExample, optionsOf } from '../options.js';
import { askPassword, type PasswordOptions, passwordFrom } from '../terminal/password.js';
import { table } from '../terminal/table.js';

const DAY_MS = 86_400_000;
const WARNING_DAYS = 30;
const SHORT_SUM_CHARACTERS = 16;

type Options = GlobalOptions & PasswordOptions;

export function register(program: Command, io: CliIo): void {
  const group = program.command('truststore').description('show or export a JKS, PKCS#12 or PEM store');
  const show = verb(
    group,
    'show',
    'list entries, days left and trusted certificates',
    async (file, options) => {
      await showStore(file, options, io);
    },
  );
  addExample(
    show,
    'kd truststore show client.truststore.jks --password-env TRUSTSTORE_PASSWORD',
    'kd truststore show ca.pem -o json',
  );
  const exported = verb(group, 'export', 'print the trusted certificates as PEM', async (file, options) => {
    await exportStore(file, options, io);
  });
  addExample(
    exported,
    'kd truststore export client.truststore.jks --password-file /run/secrets/truststore > ca.pem',
  );
  addExample(
    group,
    'kd truststore show client.truststore.jks',
    'kd truststore export client.truststore.jks > ca.pem',
  );
}

function verb(
  group: Command,
  name: string,
  description: string,
  run: (file: string, options: Options) => Promise<void>,
): Command {
  return group
    .command(`${name} <file>`)
    .description(description)
    .option('--password-env <variable>', 'the environment variable that holds the password')
    .option('--password-file <file>', 'the file that holds the password')
    .action(async (file: string, _options: unknown, self: Command) => {
      await run(file, optionsOf<PasswordOptions>(self));
    });
}

interface ShownEntry {
  readonly alias: string;
  readonly type: string;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly sha256: string | null;
}

async function showStore(file: string, options: Options, io: CliIo): Promise<void> {
  const store = await openStore(file, options, io);
  const entries = shownEntries(store);
  const { anchors, warnings } = anchorsOf(store);
  warn([...warnings, ...expiryWarnings(entries, file)], options, io);
  if (options.output === 'json') {
    printJson(io, { kind: store.kind, entries, anchors });
    return;
  }
  printTable(entries, io);
  io.stdout.write(
    `${store.kind}, ${count(entries.length, 'entry', 'entries')}, ` +
      `${count(anchors.length, 'certificate', 'certificates')} trusted\n`,
  );
}

async function exportStore(file: string, options: Options, io: CliIo): Promise<void> {
  const store = await openStore(file, options, io);
  const { certificates, warnings } = trustAnchors(store);
  warn(warnings, options, io);
  const pem = toPem(certificates);
  if (options.output === 'json') printJson(io, { pem });
  else io.stdout.write(pem);
}

/** Asks for a password only if nothing can be read without one. */
async function openStore(file: string, options: Options, io: CliIo): Promise<Store> {
  const path = resolve(io.workingDirectory, file);
  const given = passwordFrom(options, io);
  try {
    const store = readStoreFile(path, given === undefined ? {} : { password: given });
    if (given === undefined && store.kind === 'jks')
      warn([`${file}: read without a password, so its integrity was not checked`], options, io);
    return store;
  } catch (error) {
    if (!(error instanceof StoreError) || error.fault !== 'password-missing') throw error;
    return readStoreFile(path, { password: await askPassword(file, io) });
  }
}

function anchorsOf(store: Store): { anchors: readonly string[]; warnings: readonly string[] } {
  try {
    const { certificates, warnings } = trustAnchors(store);
    return { anchors: certificates.map(sha256Of), warnings };
  } catch (error) {
    if (error instanceof StoreError && error.fault === 'no-certificates')
      return { anchors: [], warnings: [error.message] };
    throw error;
  }
}

function shownEntries(store: Store): ShownEntry[] {
  return store.entries.map(({ alias, type, certificates: [certificate] }) => {
    if (certificate === undefined)
      return { alias, type, subject: null, issuer: null, notBefore: null, notAfter: null, sha256: null };
    return {
      alias,
      type,
      subject: subjectOf(certificate),
      issuer: issuerOf(certificate),
      notBefore: new Date(certificate.validFrom).toISOString(),
      notAfter: new Date(certificate.validTo).toISOString(),
      sha256: sha256Of(certificate),
    };
  });
}

function daysLeft(entry: ShownEntry): number {
  return entry.notAfter === null
    ? Number.POSITIVE_INFINITY
    : Math.floor((Date.parse(entry.notAfter) - Date.now()) / DAY_MS);
}

function expiryWarnings(entries: readonly ShownEntry[], file: string): string[] {
  return entries
    .filter((entry) => daysLeft(entry) < WARNING_DAYS)
    .map((entry) => {
      const days = daysLeft(entry);
      return (
        `${file}: "${printable(entry.alias)}" ` +
        `${days < 0 ? `expired ${-days} days ago` : `expires in ${days} days`}`
      );
    });
}

function printTable(entries: readonly ShownEntry[], io: CliIo): void {
  const color = colorsFor(io.stdout, io.env);
  const rows = entries.map((entry) => [
    printable(entry.alias),
    entry.type,
    entry.notAfter === null ? '' : String(daysLeft(entry)),
    entry.notAfter?.slice(0, 10) ?? '',
    entry.sha256?.slice(0, SHORT_SUM_CHARACTERS) ?? '',
    entry.issuer === entry.subject
      ? (entry.subject ?? 'no certificate')
      : `${entry.subject ?? ''} (by ${entry.issuer ?? ''})`,
  ]);
  const paint = (text: string, row: number, column: number): string => {
    if (row === 0) return color.bold(text);
    const entry = entries[row - 1];
    return column === 2 && entry !== undefined && daysLeft(entry) < WARNING_DAYS ? color.red(text) : text;
  };
  io.stdout.write(
    table([['alias', 'type', 'days left', 'until', 'sha-256', 'subject'], ...rows], {
      width: io.stdout.columns,
      paint,
    }),
  );
}

function warn(warnings: readonly string[], options: Options, io: CliIo): void {
  if (options.quiet === true) return;
  const color = colorsFor(io.stderr, io.env);
  for (const warning of warnings) io.stderr.write(`${color.yellow('warning')}: ${warning}\n`);
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
