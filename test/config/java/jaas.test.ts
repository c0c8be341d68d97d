import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJaas } from '../../../src/config/java/jaas.js';
import { credentialsOf } from '../../../src/config/java/sasl-modules.js';
import { ValueFault } from '../../../src/config/keys/value-fault.js';

const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const quoted = (text: string): string =>
  `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`;

test('any value in double quotes is read back, with quotes and backslashes escaped', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (username, password) => {
      const { module, options } = parseJaas(
        `${PLAIN} required username=${quoted(username)}\n password=${quoted(password)};`,
      );
      assert.equal(module, 'PlainLoginModule');
      assert.deepEqual(
        [...options],
        [
          ['username', username],
          ['password', password],
        ],
      );
    }),
  );
});

test('an error is described in words and never quotes the text', () => {
  const parts = fc.constantFrom(
    '"',
    "'",
    '\\',
    ';',
    '=',
    ' ',
    '\n',
    'required',
    PLAIN,
    'username',
    'password',
    '/',
    '/*',
    '*/',
    '1',
    '-',
    '.',
    'Canary7f3a',
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 20 }), (words) => {
      const text = words.join('');
      try {
        credentialsOf(parseJaas(text));
      } catch (fault) {
        assert.ok(fault instanceof ValueFault, String(fault));
        // Only the class may be quoted: it can't hold a secret.
        const printed = `${fault.message} ${fault.remedy}`.replaceAll(/the login module "[^"]*"/g, '');
        assert.ok(!printed.includes('Canary'), printed);
      }
    }),
    { numRuns: 500 },
  );
});

test("quoting works as in Java's tokenizer", () => {
  const read = (value: string): string | undefined =>
    parseJaas(`${PLAIN} required a=${value};`).options.get('a');
  for (const [written, value] of [
    ['word', 'word'],
    ['a.b-c_d$e1', 'a.b-c_d$e1'],
    ['\'single "quotes"\'', 'single "quotes"'],
    ['"\\t\\101\\60\\\\\\q"', '\tA0\\q'],
    ['"\\400"', ' 0'],
    ['"semi;colon=equals"', 'semi;colon=equals'],
    ['/* a comment */ x // another\n', 'x'],
    ['""', ''],
  ] as const)
    assert.equal(read(written), value, written);
  // Java reads these as numbers or comments, so the option has no value.
  for (const written of [
    '123',
    '1abc',
    '-5',
    '.5',
    '/etc/x',
    'a b',
    '"open',
    "'open",
    '@x',
    '"two\nlines"',
    '',
  ])
    assert.throws(() => read(written), ValueFault, written);
});

test('text that is not a login configuration is refused', () => {
  for (const text of [
    '',
    '   ',
    PLAIN,
    `${PLAIN} required`,
    `${PLAIN} required a="b"`,
    `${PLAIN} maybe a="b";`,
    `${PLAIN} required a="b"; ${PLAIN} required;`,
    `${PLAIN} required a "b";`,
    '"x" "y"',
    ';',
  ])
    assert.throws(() => parseJaas(text), ValueFault, text);
});

test('each login module becomes the properties of its mechanism', () => {
  const read = (module: string, options: string) =>
    credentialsOf(parseJaas(`x.y.${module} required ${options};`));
  const plain = read('PlainLoginModule', 'username="u" password="p"');
  assert.deepEqual(
    [plain.mechanism, Object.fromEntries(plain.properties), plain.secrets],
    ['PLAIN', { 'sasl.username': 'u', 'sasl.password': 'p' }, ['p']],
  );
  assert.deepEqual(read('ScramLoginModule', 'username="u" password="p" tokenauth="false"').fits, [
    'SCRAM-SHA-256',
    'SCRAM-SHA-512',
  ]);
  assert.deepEqual(
    Object.fromEntries(
      read('OAuthBearerLoginModule', 'clientId="c" clientSecret="s" scope="k" extension_logicalCluster="lkc"')
        .properties,
    ),
    {
      'sasl.oauthbearer.client.id': 'c',
      'sasl.oauthbearer.client.secret': 's',
      'sasl.oauthbearer.scope': 'k',
      'sasl.oauthbearer.extensions': 'logicalCluster=lkc',
    },
  );
  assert.deepEqual(
    read('IAMLoginModule', 'awsProfileName="prod" awsRoleArn="arn:x" awsDebugCreds=true').iam,
    {
      profile: 'prod',
      roleArn: 'arn:x',
    },
  );
  assert.equal(
    read('Krb5LoginModule', 'useKeyTab=true keyTab="/k" principal="me@X"').properties.get(
      'sasl.kerberos.keytab',
    ),
    '/k',
  );
  assert.match(
    String(
      read('OAuthBearerLoginModule', 'unsecuredLoginStringClaim_sub="me"').properties.get(
        'sasl.oauthbearer.config',
      ),
    ),
    /principal=me/,
  );
  for (const [module, options] of [
    ['PlainLoginModule', 'username="u"'],
    ['PlainLoginModule', 'username="u" pasword="p"'],
    ['ScramLoginModule', 'username="u" password="p" tokenauth=true'],
    ['IAMLoginModule', 'awsRoleExternalId="x"'],
    ['LdapLoginModule', 'a="b"'],
  ] as const)
    assert.throws(() => read(module, options), ValueFault, `${module} ${options}`);
});
