import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { diagnose, materialDiagnosis } from '../../src/diagnosis/diagnose.js';
import { ProbeLimits } from '../../src/diagnosis/limits.js';
import { probeBroker } from '../../src/diagnosis/probe/probe.js';
import type { Diagnosis, Evidence } from '../../src/diagnosis/types.js';
import { makeMaterial, strictServer } from './certificates.js';
import { type FakeBroker, type FakeOptions, fakeBroker } from './fake-broker.js';
import { faultCases } from './fault-cases.js';

const material = makeMaterial();
const brokers: FakeBroker[] = [];
after(async () => {
  await Promise.all(brokers.map((broker) => broker.close()));
});

async function broker(options: FakeOptions = {}): Promise<FakeBroker> {
  const made = await fakeBroker(options);
  brokers.push(made);
  return made;
}

const origins = new Map([
  ['security.protocol', { key: 'kafka.properties.security.protocol', place: 'kd.yml:4:5', note: '' }],
  ['ssl.ca.pem', { key: 'kafka.properties.ssl.truststore.location', place: 'kd.yml:5:5', note: '' }],
]);

function cluster(address: string, properties: Record<string, string> = {}): Parameters<typeof diagnose>[0] {
  return { bootstrapServers: [address], properties: new Map(Object.entries(properties)), origins };
}

async function only(
  address: string,
  properties: Record<string, string> = {},
  evidence: Evidence = {},
): Promise<Diagnosis> {
  const found = await diagnose(cluster(address, properties), evidence);
  assert.equal(found.length, 1, JSON.stringify(found));
  const [first] = found;
  assert.ok(first !== undefined);
  assert.ok(first.message.includes(`broker ${address}:`), first.message);
  return first;
}

const SSL = { 'security.protocol': 'SSL', 'ssl.ca.pem': material.ca };
const MTLS = { ...SSL, 'ssl.certificate.pem': material.client.cert, 'ssl.key.pem': material.client.key };

test('a healthy broker gets no diagnosis, with plaintext, TLS, mutual TLS and PLAIN', async () => {
  const plain = await broker();
  assert.deepEqual(await diagnose(cluster(plain.address)), []);
  const tls = await broker({ tls: material.server });
  assert.deepEqual(await diagnose(cluster(tls.address, SSL)), []);
  const mutual = await broker({ tls: { ...material.server, ca: material.ca, requestCert: true } });
  assert.deepEqual(await diagnose(cluster(mutual.address, MTLS)), []);
  const login = await broker({ tls: material.server, mechanisms: ['PLAIN'], password: 'right' });
  const properties = {
    ...SSL,
    'security.protocol': 'sasl_ssl',
    'sasl.mechanisms': 'PLAIN',
    'sasl.username': 'u',
    'sasl.password': 'right',
  };
  assert.deepEqual(await diagnose(cluster(login.address, properties)), []);
});

test(
  'a report says how far a probe got: protocol, cipher, chain with its dates and names, versions, ' +
    'addresses',
  async () => {
    const { address, port } = await broker({ tls: material.server, topics: { known: 0, hidden: 29 } });
    const report = await probeBroker(cluster(address, SSL), address, { topics: ['known', 'hidden'] });
    assert.equal(report.diagnosis, undefined);
    assert.equal(report.tls?.protocol, 'TLSv1.3');
    assert.deepEqual(
      report.tls.chain.map(({ subject }) => subject),
      ['CN=localhost', 'CN=ca,O=probes'],
    );
    assert.deepEqual(report.tls.chain[0]?.names, ['localhost', '127.0.0.1']);
    assert.ok(report.tls.chain[0].notAfter.getTime() > Date.now());
    assert.match(report.tls.chain[0].sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(
      [...report.apiVersions],
      [
        [18, [0, 3]],
        [3, [0, 12]],
      ],
    );
    assert.deepEqual(report.advertised, [{ nodeId: 0, host: 'localhost', port }]);
    assert.deepEqual(
      report.topics.map(({ name, code }) => [name, code]),
      [
        ['known', 0],
        ['hidden', 29],
      ],
    );
  },
);

for (const { name, server, properties, fault, stage, refused, says, advises } of faultCases(material)) {
  test(`a probe distinguishes ${name}`, async () => {
    const { address } = await broker(server);
    const startedMs = performance.now();
    const found = await only(address, properties);
    assert.deepEqual([found.fault, found.stage, found.refused], [fault, stage, refused], found.message);
    assert.match(found.message, says);
    assert.match(found.remedy, advises);
    assert.ok(performance.now() - startedMs < 3_000);
    assert.doesNotMatch(`${found.message} ${found.remedy}`, /canary|BEGIN/);
  });
}

test('the remedy names the line to change, or the line to add if the property is not set', async () => {
  const place = { key: 'kafka.bootstrap-servers', place: 'kd.yml:2:3', note: '' };
  const [named] = await diagnose({
    ...cluster('no-such-host.invalid:9092'),
    origins: new Map([['bootstrap.servers', place]]),
  });
  assert.match(named?.remedy ?? '', /line to change: kafka\.bootstrap-servers \(kd\.yml:2:3\)$/);
  const { address } = await broker({ tls: material.server });
  const trusting = {
    bootstrapServers: [address],
    properties: new Map(Object.entries({ 'security.protocol': 'SSL', 'ssl.ca.location': 'probe' })),
  };
  const [untrusted] = await diagnose(trusting);
  assert.match(untrusted?.remedy ?? '', /line to add: kafka\.properties\.ssl\.truststore\.location$/);
});

test(
  'a refused client certificate is reported with its owner and ' + 'its CA; an expired one with its date',
  async () => {
    // Node's servers close the connection without an alert; OpenSSL's give a reason, as Java's do.
    const { address, close } = await strictServer(material);
    after(close);
    const strange = {
      ...SSL,
      'ssl.certificate.pem': material.strangeClient.cert,
      'ssl.key.pem': material.strangeClient.key,
    };
    const refused = await only(address, strange);
    assert.equal(refused.fault, 'client-certificate-refused', refused.message);
    assert.match(refused.message, /CN=stranger, issued by CN=other-ca,O=probes/);
    const late = {
      ...SSL,
      'ssl.certificate.pem': material.expiredClient.cert,
      'ssl.key.pem': material.expiredClient.key,
    };
    const expired = await only(address, late);
    assert.equal(expired.fault, 'client-certificate-expired');
    assert.match(expired.message, /our client certificate \(CN=late-client\) expired on \d{4}-/);
  },
);

test(
  "a refused connection, a name that can't be resolved, and an invalid address are each reported " +
    'as such',
  async () => {
    const gone = await fakeBroker();
    await gone.close();
    const refused = await only(gone.address);
    assert.deepEqual([refused.fault, refused.refused], ['connection-refused', false]);
    assert.match(refused.message, /connection refused at .*127\.0\.0\.1:\d+/);
    const unresolvable = await only('no-such-host.invalid:9092');
    assert.deepEqual(
      [unresolvable.fault, unresolvable.stage, unresolvable.refused],
      ['unresolvable', 'dns', false],
    );
    assert.match(unresolvable.message, /no-such-host\.invalid can't be resolved/);
    assert.equal((await diagnose(cluster('here/there:99999')))[0]?.fault, 'bad-address');
  },
);

test(
  'a server that accepts and never answers is reported after a ' + 'timeout, with plaintext and with TLS',
  async () => {
    const { address } = await broker({ silent: true });
    const startedMs = performance.now();
    const [plain, tls] = await Promise.all([only(address), only(address, SSL)]);
    assert.deepEqual([plain.fault, tls.fault], ['no-answer', 'no-answer']);
    assert.ok(performance.now() - startedMs < ProbeLimits.brokerTimeoutMs + 500);
  },
);

test('our own unusable certificates and keys are named before anything is sent', () => {
  const asked = (properties: Record<string, string>): Diagnosis | undefined =>
    materialDiagnosis(cluster('b:1', { ...SSL, ...properties }));
  assert.equal(asked({}), undefined);
  const { cert, key } = material.client;
  const mismatch = asked({ 'ssl.certificate.pem': cert, 'ssl.key.pem': material.server.key });
  assert.equal(mismatch?.fault, 'key-mismatch');
  assert.ok(
    mismatch.message.includes(
      'the private key of ssl.key.pem does not belong to the certificate of ssl.certificate.pem (CN=client)',
    ),
    mismatch.message,
  );
  assert.equal(asked({ 'ssl.certificate.pem': cert, 'ssl.key.pem': key }), undefined);
  assert.equal(
    asked({
      'ssl.certificate.pem': cert,
      'ssl.key.pem': material.encryptedKey,
      'ssl.key.password': 'key-password',
    }),
    undefined,
  );
  const wrong = asked({
    'ssl.certificate.pem': cert,
    'ssl.key.pem': material.encryptedKey,
    'ssl.key.password': 'canary-password',
  });
  assert.match(wrong?.message ?? '', /can't be decrypted: ssl\.key\.password is wrong or missing/);
  assert.doesNotMatch(JSON.stringify(wrong), /canary/);
  assert.match(asked({ 'ssl.ca.pem': 'garbage' })?.message ?? '', /ssl\.ca\.pem holds no PEM certificate/);
  assert.match(
    asked({ 'ssl.key.location': '/no/such/key', 'ssl.certificate.pem': cert })?.message ?? '',
    /ssl\.key\.location: .*no such file/,
  );
});

test('checks that the configuration turns off are not made', async () => {
  const wrongHost = await broker({ tls: material.wrongHost });
  assert.deepEqual(
    await diagnose(cluster(wrongHost.address, { ...SSL, 'ssl.endpoint.identification.algorithm': 'none' })),
    [],
  );
  const expired = await broker({ tls: material.expired });
  assert.deepEqual(
    await diagnose(cluster(expired.address, { ...SSL, 'enable.ssl.certificate.verification': 'false' })),
    [],
  );
});

test('a password is not sent to a broker whose certificate is not accepted', async () => {
  let seen = '';
  const { address } = await broker({ tls: { ...material.expired }, mechanisms: ['PLAIN'], password: 'x' });
  const properties = {
    ...SSL,
    'security.protocol': 'SASL_SSL',
    'sasl.mechanisms': 'PLAIN',
    'sasl.username': 'u',
    'sasl.password': 'x',
  };
  const report = await probeBroker(cluster(address, properties), address);
  seen = report.diagnosis?.fault ?? '';
  assert.equal(seen, 'certificate-expired');
  assert.equal(report.authenticated, undefined);
  assert.equal(report.apiVersions.size, 0);
});

test(
  'unreachable advertised addresses are reported with the broker that advertises them; if one is ' +
    'reachable, only the others are reported',
  async () => {
    const adrift = await broker({ advertised: [{ host: 'broker.invalid', port: 9092 }] });
    const [found, ...others] = await diagnose(cluster(adrift.address));
    assert.deepEqual(others, []);
    assert.deepEqual(
      [found?.fault, found?.refused, found?.broker],
      ['advertised-unreachable', false, 'broker.invalid:9092'],
    );
    assert.match(
      found?.message ?? '',
      new RegExp(`${adrift.address} answers and sends clients .* broker\\.invalid can't be resolved`),
    );
    assert.match(found?.remedy ?? '', /advertised\.listeners/);
    const second = await broker();
    const half = await broker({
      advertised: [
        { host: 'localhost', port: second.port },
        { host: 'broker.invalid', port: 1 },
      ],
    });
    assert.deepEqual(
      (await diagnose(cluster(half.address))).map((one) => one.broker),
      ['broker.invalid:1'],
    );
  },
);

test("librdkafka's own log line about a login counts where a probe can't try the mechanism", async () => {
  const { address } = await broker({ mechanisms: ['OAUTHBEARER'] });
  const lines = [
    `sasl_plaintext://${address}/bootstrap: SASL authentication error: {"status":"invalid_token"} (after ` +
      `31ms in state AUTH_REQ)`,
  ];
  const properties = { 'security.protocol': 'sasl_plaintext', 'sasl.mechanisms': 'OAUTHBEARER' };
  assert.deepEqual(await diagnose(cluster(address, properties)), []);
  const found = await only(address, properties, { lines });
  assert.equal(found.fault, 'wrong-credentials');
  assert.match(found.message, /OAUTHBEARER login: \{"status":"invalid_token"\}$/);
});

test('two brokers with different faults each get their own diagnosis', async () => {
  const tls = await broker({ tls: material.server });
  const both = { ...cluster(tls.address), bootstrapServers: [tls.address, 'no-such-host.invalid:9092'] };
  assert.deepEqual(
    (await diagnose(both)).map(({ fault }) => fault),
    ['plaintext-to-tls', 'unresolvable'],
  );
});

test('random bytes as an answer give a diagnosis in time, never a crash', async () => {
  const { randomBytes } = await import('node:crypto');
  const results = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const body = randomBytes(n * 3);
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length + 4);
      const { address } = await broker({
        babble: n % 2 === 0 ? body : Buffer.concat([length, Buffer.from([0, 0, 0, 1]), body]),
      });
      return diagnose(cluster(address));
    }),
  );
  for (const found of results) assert.equal(found.length, 1);
});
