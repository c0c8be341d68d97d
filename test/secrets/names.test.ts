import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretName, isSecretReference } from '../../src/secrets/names.js';

/** Keys of configurations, options of transforms and variables, as people write them. */
const SECRET = `
sasl.password sasl.jaas.config ssl.key.password ssl.key.pem ssl.keystore.password ssl.keystore.key
ssl.truststore.password sasl.oauthbearer.client.secret sasl.oauthbearer.config basic.auth.user.info
schema.registry.basic.auth.user.info AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN PGPASSWORD MYSQL_PWD DB_PWD
db.pwd db-passwd dbPassword user_pass REDIS_PASS_1 apiKey api-key api_key API.KEY private_key privateKey
access-key encryption-key ENCRYPTION_KEY signingKey hmac_key shared-key master.key account-key
oauth-token clientSecret credentials bearerToken authorization proxy-authorization
`;

const OPEN = `
sasl.username sasl.mechanism ssl.key.location ssl.ca.location ssl.keystore.type ssl.keystore.location
ssl.truststore.type sasl.oauthbearer.token.endpoint.url password-file PASSWORD_FILE token-path key.format
group-id client.id key.deserializer message.key partition-key primary-key sort-key keyboard compass
bypass passenger-count PWD OLDPWD author authority-url HOME PATH monkey.count secret-url token_uri
`;

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

test('the value of a key or a variable that names a secret is secret', () => {
  assert.deepEqual(
    words(SECRET).filter((name) => !isSecretName(name)),
    [],
  );
});

test('user names, places of secrets and ordinary keys may be shown', () => {
  assert.deepEqual(
    words(OPEN).filter((name) => isSecretName(name)),
    [],
  );
});

test('a file is secret by the words in its path, even where its name says that it is a file', () => {
  const files = ['/run/secrets/db', '/etc/kd/password.txt', '/var/run/tokens/kafka', '/vault/api-key'];
  for (const file of files) assert.ok(isSecretReference(file), file);
  for (const file of ['/etc/kd/hosts.txt', '/data/keys.csv', 'HOSTNAME']) assert.ok(!isSecretReference(file));
});
