// Looks through a finished package for what must not be in it: secrets, paths and names of the machine that
// built it, keys, test data. A secret of our own is in the environment while packages are built, so a step
// that writes out its environment is found, too.
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesIn, ROOT } from './tools.mjs';

export const CANARY = { name: 'KD_PACKAGE_CANARY', value: 'KdPackageCanary9c41d7e0' };

const NOT_SHIPPED = [
  /(^|\/)(test|tests|benchmarks|coverage|\.git|\.ci)\//,
  /\.(test|spec)\.[cm]?[jt]s$/,
  /\.(pem|key|jks|p12|pfx|crt|keytab|env|log|map|tsbuildinfo|o|a)$/,
  /(^|\/)(\.npmrc|\.netrc|\.env|id_[a-z0-9]+|package-lock\.json|config\.gypi)$/,
];
/** An example: a transform and its test are what users begin with. */
const EXAMPLE = /(^|\/)examples\//;

/** Shapes of secrets; a text that only speaks of them does not match. */
const SECRETS = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+(?:[A-Za-z0-9+/=]{20,}\s+){2}/],
  ['an AWS key', /\b(?:AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[0-9A-Z]{16}\b/],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*\S{8,}/],
  ['a token of GitHub', /\bgh[pousr]_[A-Za-z0-9]{36,}\b/],
];

/** Published by others: the unit tests that librdkafka is compiled with have a key. */
const PUBLIC = [['a private key', /(^|\/)librdkafka\.so\.1$/]];

/** Texts of this machine. Those that are short or common would be found in any large file. */
function ofThisMachine() {
  const home = homedir();
  return [
    ['the canary', CANARY.value],
    ['the path of the checkout', ROOT],
    ['a path below the home of the builder', `${home === '/' ? '/root' : home}/.`],
    ...(hostname().length >= 6 && hostname() !== 'localhost'
      ? [['the name of the machine', hostname()]]
      : []),
  ];
}

/** One line for each finding. */
export function findInPackage(root) {
  const words = ofThisMachine();
  return filesIn(root).flatMap((path) => {
    const found = [];
    if (!EXAMPLE.test(path) && NOT_SHIPPED.some((pattern) => pattern.test(path)))
      found.push(`${path} is nothing that a package holds`);
    const bytes = readFileSync(join(root, path));
    for (const [what, word] of words) if (bytes.includes(word)) found.push(`${path} holds ${what}`);
    const text = bytes.toString('latin1');
    for (const [what, shape] of SECRETS) {
      const match = shape.exec(text);
      const isPublic = PUBLIC.some(([kind, place]) => kind === what && place.test(path));
      if (match !== null && !isPublic) found.push(`${path} holds ${what}, at byte ${match.index}`);
    }
    return found;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [root] = process.argv.slice(2);
  const found = findInPackage(root);
  for (const line of found) console.error(`package: ${line}`);
  console.log(`canary: ${filesIn(root).length} files, ${found.length} findings`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
