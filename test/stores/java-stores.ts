/** The Java half of the matrix: stores made by one JVM through KeyStore, and by keytool itself. */
import { FOREIGN_PASSWORD, KEY_PASSWORD, PASSWORD } from './openssl-stores.js';

export interface JavaStore {
  readonly file: string;
  readonly type: 'JKS' | 'PKCS12' | 'JCEKS';
  /** undefined: stored without a password. */
  readonly password: string | undefined;
  readonly properties: string;
  readonly entries: string;
}

const ROOTS =
  'trust:rsa:root-rsa.crt,trust:ec:root-ec.crt,trust:ec384:root-ec384.crt,trust:ed25519:root-ed25519.crt';
const CHAIN = '+inter.crt+root-rsa.crt';
const KEYS = {
  rsa: `leaf-rsa.pk8:RSA:${PASSWORD}:leaf-rsa.crt${CHAIN}`,
  ec: `leaf-ec.pk8:EC:${PASSWORD}:leaf-ec.crt${CHAIN}`,
  ed25519: `leaf-ed25519.pk8:Ed25519:${PASSWORD}:leaf-ed25519.crt${CHAIN}`,
  ownPassword: `leaf-rsa.pk8:RSA:${KEY_PASSWORD}:leaf-rsa.crt${CHAIN}`,
} as const;

const ENTRIES: Readonly<Record<string, string>> = {
  one: 'trust:ca:root-rsa.crt',
  roots: ROOTS,
  'system-50': 'system:50',
  'system-150': `system:146,${ROOTS}`,
  'utf8-aliases': 'trust:Größe-証明書:root-rsa.crt,trust:🔑 key ring:root-ec.crt',
  intermediate: 'trust:inter:inter.crt',
  'key-rsa': `key:client:${KEYS.rsa}`,
  'key-ec': `key:client:${KEYS.ec}`,
  'key-ed25519': `key:client:${KEYS.ed25519}`,
  'key-own-password': `key:client:${KEYS.ownPassword}`,
  'key-and-trust': `key:client:${KEYS.rsa},${ROOTS}`,
  'two-keys': `key:one:${KEYS.rsa},key:two:${KEYS.ec}`,
};

const CERTIFICATE_SCHEMES = [
  'PBEWithSHA1AndRC2_40',
  'PBEWithSHA1AndRC2_128',
  'PBEWithSHA1AndRC4_40',
  'PBEWithSHA1AndRC4_128',
  'PBEWithSHA1AndDESede',
  'PBEWithHmacSHA1AndAES_128',
  'PBEWithHmacSHA224AndAES_256',
  'PBEWithHmacSHA256AndAES_128',
  'PBEWithHmacSHA384AndAES_256',
  'PBEWithHmacSHA512AndAES_128',
  'NONE',
];
const MACS = [
  'HmacPBESHA1',
  'HmacPBESHA224',
  'HmacPBESHA384',
  'HmacPBESHA512',
  'HmacPBESHA512/224',
  'HmacPBESHA512/256',
  'NONE',
];

export const JAVA_STORES: readonly JavaStore[] = [
  ...Object.entries(ENTRIES).flatMap(([name, entries]) => [
    store(`java-${name}.jks`, 'JKS', entries),
    store(`java-${name}.p12`, 'PKCS12', entries),
  ]),
  store('java-legacy.p12', 'PKCS12', ROOTS, 'keystore.pkcs12.legacy=true'),
  store('java-key-legacy.p12', 'PKCS12', `key:client:${KEYS.rsa}`, 'keystore.pkcs12.legacy=true'),
  ...CERTIFICATE_SCHEMES.map((scheme) => {
    const key = scheme === 'NONE' ? '' : `;keystore.pkcs12.keyProtectionAlgorithm=${scheme}`;
    return store(
      `java-${scheme}.p12`,
      'PKCS12',
      `key:client:${KEYS.rsa},${ROOTS}`,
      `keystore.pkcs12.certProtectionAlgorithm=${scheme}${key}`,
    );
  }),
  ...MACS.map((mac) =>
    store(`java-mac-${mac.replace('/', '-')}.p12`, 'PKCS12', ROOTS, `keystore.pkcs12.macAlgorithm=${mac}`),
  ),
  store(
    'java-iterations.p12',
    'PKCS12',
    ROOTS,
    'keystore.pkcs12.certPbeIterationCount=1;keystore.pkcs12.macIterationCount=100000',
  ),
  {
    ...store(
      'java-no-password.p12',
      'PKCS12',
      ROOTS,
      'keystore.pkcs12.certProtectionAlgorithm=NONE;keystore.pkcs12.macAlgorithm=NONE',
    ),
    password: undefined,
  },
  {
    ...store('java-foreign-password.jks', 'JKS', `${ROOTS},key:client:${KEYS.ownPassword}`),
    password: FOREIGN_PASSWORD,
  },
  { ...store('java-empty-password.jks', 'JKS', ROOTS), password: '' },
  store('java-empty.jks', 'JKS', ''),
  store('java-empty.p12', 'PKCS12', ''),
  store('java-trust.jceks', 'JCEKS', ROOTS),
  store('java-key.jceks', 'JCEKS', `key:client:${KEYS.rsa}`),
  store('java-key-of-another.jks', 'JKS', `key:client:other-leaf.pk8:RSA:${PASSWORD}:leaf-rsa.crt${CHAIN}`),
  store(
    'java-key-shuffled.jks',
    'JKS',
    `key:client:leaf-rsa.pk8:RSA:${PASSWORD}:root-rsa.crt+leaf-rsa.crt+inter.crt`,
  ),
];

function store(file: string, type: JavaStore['type'], entries: string, properties = ''): JavaStore {
  return { file, type, password: PASSWORD, properties, entries };
}

/** Converts the description to a line of input for the Java program. */
export function makeOrder({ file, type, password, properties, entries }: JavaStore): string {
  return ['make', file, type, password ?? '-', properties, entries].join('\t');
}

const PASSWORDS = `-storepass ${PASSWORD}`;
const IMPORT = `-importcert -noprompt -file root-rsa.crt -alias ca ${PASSWORDS}`;
const GENERATE = `-genkeypair -alias own -validity 7000 -dname 'CN=own, O=Store tests' ${PASSWORDS}`;
/**
 * Starting keytool takes most of a second, so it makes only the stores that users typically create with it.
 */
export const KEYTOOL_STORES: Readonly<Record<string, string>> = {
  'keytool-trust.jks': `${IMPORT} -storetype JKS`,
  'keytool-trust.p12': IMPORT,
  'keytool-trust-legacy.p12': `-J-Dkeystore.pkcs12.legacy=true ${IMPORT} -storetype PKCS12`,
  'keytool-key-ed25519.p12': `${GENERATE} -keyalg Ed25519 -storetype PKCS12`,
  'keytool-key-own-password.jks':
    `${GENERATE} -keyalg EC -groupname secp256r1 ` + `-storetype JKS -keypass ${KEY_PASSWORD}`,
  'keytool-trust.jceks': `${IMPORT} -storetype JCEKS`,
};

export function keytoolScript(): string {
  const lines = Object.entries(KEYTOOL_STORES).map(
    ([file, options]) =>
      `keytool -J-XX:TieredStopAtLevel=1 -J-Xshare:auto ${options} -keystore ${file} 2>/dev/null`,
  );
  return ['set -eu', ...lines].join('\n');
}
