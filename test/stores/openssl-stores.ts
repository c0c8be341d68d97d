/** The openssl half of the matrix, as one script: certificates, keys and stores in the folder it runs in. */

/** The password of every store, unless its name says otherwise. */
export const PASSWORD = 'store-password';
export const KEY_PASSWORD = 'key-password';
/** Not ASCII: Java can neither write nor read it in PKCS#12. */
export const FOREIGN_PASSWORD = 'schlüssel-鍵';

const AUTHORITY = '-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign';
const NEW_KEYS = {
  rsa: '-newkey rsa:2048',
  ec: '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1',
  ec384: '-newkey ec -pkeyopt ec_paramgen_curve:secp384r1',
  ed25519: '-newkey ed25519',
} as const;

/** root-* are self-signed; inter is signed by root-rsa; leaf-* by inter. */
function certificates(): string[] {
  const roots = (['rsa', 'ec', 'ec384', 'ed25519'] as const).map(
    (kind) =>
      `openssl req -x509 ${NEW_KEYS[kind]} -nodes -keyout root-${kind}.key -out root-${kind}.crt -days ` +
      `7300 -subj '/C=AA/O=Store tests/CN=Root ${kind}' ${AUTHORITY}`,
  );
  const signed = (
    name: string,
    kind: keyof typeof NEW_KEYS,
    signer: string,
    extensions: string,
  ): string[] => [
    `openssl req -new ${NEW_KEYS[kind]} -nodes -keyout ${name}.key -out ` +
      `${name}.csr -subj '/O=Store tests/CN=${name}'`,
    `openssl x509 -req -in ${name}.csr -CA ${signer}.crt -CAkey ${signer}.key -set_serial 0x$(openssl ` +
      `rand -hex 8) -days 7000 -out ${name}.crt -extfile <(printf '${extensions}') 2>/dev/null`,
  ];
  return [
    ...roots,
    ...signed('inter', 'ec', 'root-rsa', 'basicConstraints=critical,CA:TRUE'),
    ...signed('leaf-rsa', 'rsa', 'inter', 'subjectAltName=DNS:leaf'),
    ...signed('leaf-ec', 'ec', 'inter', 'subjectAltName=DNS:leaf'),
    ...signed('leaf-ed25519', 'ed25519', 'inter', 'subjectAltName=DNS:leaf'),
    ...signed('other-leaf', 'rsa', 'inter', 'subjectAltName=DNS:other'),
  ];
}

/** PKCS#12 by openssl: name → options. All hold leaf-rsa with its chain unless they say -nokeys. */
const PKCS12_OPTIONS: Readonly<Record<string, string>> = {
  default: '',
  named: '-name client',
  legacy: '-legacy',
  'named-utf8': "-name 'schlüssel-鍵'",
  'aes128-sha1': '-keypbe AES-128-CBC -certpbe AES-128-CBC -macalg sha1',
  'aes192-sha384': '-keypbe AES-192-CBC -certpbe AES-192-CBC -macalg sha384',
  'aes256-sha512': '-keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha512',
  'mac-sha224': '-macalg sha224',
  camellia: '-keypbe CAMELLIA-256-CBC -certpbe CAMELLIA-128-CBC',
  aria: '-keypbe ARIA-256-CBC -certpbe ARIA-128-CBC',
  '3des': '-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES',
  '2des': '-keypbe PBE-SHA1-2DES -certpbe PBE-SHA1-2DES',
  'rc2-128': '-legacy -keypbe PBE-SHA1-RC2-128 -certpbe PBE-SHA1-RC2-128',
  'rc2-40': '-legacy -keypbe PBE-SHA1-RC2-40 -certpbe PBE-SHA1-RC2-40',
  'rc4-128': '-legacy -keypbe PBE-SHA1-RC4-128 -certpbe PBE-SHA1-RC4-128',
  'rc4-40': '-legacy -keypbe PBE-SHA1-RC4-40 -certpbe PBE-SHA1-RC4-40',
  'pbes2-3des': '-keypbe DES-EDE3-CBC -certpbe DES-EDE3-CBC',
  'plain-certificates': '-certpbe NONE',
  'plain-key': '-keypbe NONE',
  plain: '-keypbe NONE -certpbe NONE',
  'no-mac': '-nomac',
  'iterations-1': '-iter 1 -maciter',
  'iterations-100000': '-iter 100000',
};

function pkcs12(): string[] {
  const chain = '-certfile chain.pem';
  return [
    'cat inter.crt root-rsa.crt > chain.pem',
    ...Object.entries(PKCS12_OPTIONS).map(
      ([name, options]) =>
        `openssl pkcs12 -export -inkey leaf-rsa.key -in leaf-rsa.crt ${chain} ${options} -passout ` +
        `pass:${PASSWORD} -out openssl-${name}.p12`,
    ),
    `openssl pkcs12 -export -inkey leaf-ec.key -in leaf-ec.crt ${chain} ` +
      `-passout pass:${PASSWORD} -out openssl-ec.p12`,
    `openssl pkcs12 -export -inkey leaf-ed25519.key -in leaf-ed25519.crt ${chain} -passout ` +
      `pass:${PASSWORD} -out openssl-ed25519.p12`,
    `openssl pkcs12 -export -inkey leaf-rsa.key -in leaf-rsa.crt ${chain} -passout pass: -out ` +
      `openssl-empty-password.p12`,
    `openssl pkcs12 -export -nokeys -in chain.pem -passout pass:${PASSWORD} -out openssl-nokeys.p12`,
    `openssl pkcs12 -export -nokeys -in chain.pem -caname one -caname two -passout pass:${PASSWORD} -out ` +
      `openssl-nokeys-named.p12`,
    `openssl pkcs12 -export -nokeys -in chain.pem -legacy -passout pass:${PASSWORD} -out ` +
      `openssl-nokeys-legacy.p12`,
    `openssl pkcs12 -export -inkey leaf-rsa.key -in leaf-rsa.crt ${chain} -passout ` +
      `'pass:${FOREIGN_PASSWORD}' -out openssl-foreign-password.p12`,
    `openssl pkcs12 -export -inkey leaf-rsa.key -in leaf-rsa.crt ${chain} -legacy -passout ` +
      `'pass:${FOREIGN_PASSWORD}' -out openssl-foreign-password-legacy.p12`,
    'openssl pkcs12 -export -nokeys -in chain.pem -certpbe NONE -nomac -passout pass: -out ' +
      'openssl-nokeys-plain.p12',
  ];
}

/** Private keys for PEM stores: name → how the key is written; the certificates follow it. */
const PEM_KEYS: Readonly<Record<string, string>> = {
  pkcs8: 'openssl pkcs8 -topk8 -nocrypt -in leaf-rsa.key',
  pkcs1: 'openssl rsa -traditional -in leaf-rsa.key',
  'pkcs1-aes256': `openssl rsa -traditional -aes256 -passout pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs1-3des': `openssl rsa -traditional -des3 -passout pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs1-des':
    `openssl rsa -traditional -provider legacy -provider default -des -passout ` +
    `pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs1-camellia': `openssl rsa -traditional -camellia192 -passout pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-default': `openssl pkcs8 -topk8 -passout pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-aes128-sha512':
    `openssl pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA512 -passout ` +
    `pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-aes192-sha1':
    `openssl pkcs8 -topk8 -v2 aes-192-cbc -v2prf hmacWithSHA1 -passout ` +
    `pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-aes256-sha384':
    `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA384 -passout ` +
    `pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-3des-sha224':
    `openssl pkcs8 -topk8 -v2 des3 -v2prf hmacWithSHA224 -passout ` + `pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-rc2':
    `openssl pkcs8 -topk8 -provider legacy -provider default -v2 rc2 -passout ` +
    `pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-scrypt': `openssl pkcs8 -topk8 -scrypt -passout pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-v1-3des': `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-v1-rc2-40':
    `openssl pkcs8 -topk8 -provider legacy -provider default -v1 PBE-SHA1-RC2-40 ` +
    `-passout pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-v1-md5-des':
    `openssl pkcs8 -topk8 -provider legacy -provider default -v1 PBE-MD5-DES -passout ` +
    `pass:${KEY_PASSWORD} -in leaf-rsa.key`,
  'pkcs8-v1-sha1-rc2-64':
    `openssl pkcs8 -topk8 -provider legacy -provider default -v1 PBE-SHA1-RC2-64 ` +
    `-passout pass:${KEY_PASSWORD} -in leaf-rsa.key`,
};
const PEM_EC_KEYS: Readonly<Record<string, string>> = {
  'ec-pkcs8': 'openssl pkcs8 -topk8 -nocrypt -in leaf-ec.key',
  'ec-sec1': 'openssl ec -in leaf-ec.key',
  'ec-sec1-parameters': 'openssl ecparam -name prime256v1; openssl ec -in leaf-ec.key',
  'ec-sec1-aes128': `openssl ec -aes128 -passout pass:${KEY_PASSWORD} -in leaf-ec.key`,
  'ec-pkcs8-encrypted': `openssl pkcs8 -topk8 -passout pass:${KEY_PASSWORD} -in leaf-ec.key`,
};

function pem(): string[] {
  const stores = (keys: Readonly<Record<string, string>>, leaf: string): string[] =>
    Object.entries(keys).map(
      ([name, command]) => `{ ${command}; cat ${leaf}.crt chain.pem; } > key-${name}.pem 2>/dev/null`,
    );
  return [
    ...stores(PEM_KEYS, 'leaf-rsa'),
    ...stores(PEM_EC_KEYS, 'leaf-ec'),
    'cat leaf-ed25519.key leaf-ed25519.crt chain.pem > key-ed25519.pem',
    'cat root-*.crt > bundle.pem',
    "for f in root-*.crt; do echo; echo '# '$f' – authority'; openssl x509 -in $f -text; done > " +
      'bundle-comments.pem',
    "sed 's/$/\\r/' bundle.pem > bundle-crlf.pem",
    "printf '\\xef\\xbb\\xbf' | cat - bundle.pem > bundle-bom.pem",
    "{ printf '\\xff\\xfe'; iconv -f UTF-8 -t UTF-16LE bundle-crlf.pem; } > bundle-utf16.pem",
    "tr -d '\\n' < bundle.pem > bundle-one-line.pem",
    "sed 's/^/   /' bundle.pem > bundle-indented.pem",
    'for f in root-*.crt; do openssl x509 -in $f -trustout -addtrust serverAuth; done > bundle-trusted.pem',
    'openssl x509 -in root-rsa.crt -outform DER -out single.der',
    'cat root-rsa.crt inter.crt leaf-rsa.crt leaf-rsa.key > key-shuffled.pem',
    'cat leaf-ec.key leaf-rsa.crt chain.pem > key-of-another.pem',
    'cat leaf-rsa.key leaf-ec.key leaf-rsa.crt chain.pem > key-twice.pem',
    'openssl crl2pkcs7 -nocrl -certfile chain.pem -out bundle.p7b',
    'openssl crl2pkcs7 -nocrl -certfile chain.pem -outform DER -out bundle.p7c',
    'openssl pkcs8 -topk8 -nocrypt -in leaf-rsa.key -outform DER -out key.der',
    `openssl pkcs8 -topk8 -in leaf-rsa.key -outform DER -passout pass:${PASSWORD} -out key-encrypted.der`,
  ];
}

/** PKCS#8 keys in DER, for Java to put into stores. */
function keysForJava(): string[] {
  return ['leaf-rsa', 'leaf-ec', 'leaf-ed25519', 'other-leaf'].map(
    (name) => `openssl pkcs8 -topk8 -nocrypt -in ${name}.key -outform DER -out ${name}.pk8`,
  );
}

export function opensslScript(): string {
  return ['set -eu', ...certificates(), ...pkcs12(), ...pem(), ...keysForJava()].join('\n');
}
