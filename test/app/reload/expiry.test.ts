import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateExpiries, ExpiryWatch } from '../../../src/app/reload/expiry.js';
import type { CertificateNote } from '../../../src/config/keys/resolved.js';
import { Lines, newClock, pass } from './helpers.js';

const DAY_MS = 86_400_000;
const START = new Date('2026-11-22T12:00:00Z');

function note(use: CertificateNote['use'], subject: string, days: number, fromDays = -100): CertificateNote {
  const at = (n: number): Date => new Date(START.getTime() + n * DAY_MS);
  return {
    use,
    file: `/etc/kafka/${use}.jks`,
    subject,
    notBefore: at(fromDays),
    notAfter: at(days),
    sha256: subject,
  };
}

function told(consumer: readonly CertificateNote[], producer = consumer): readonly string[] {
  const lines = new Lines();
  const clock = newClock();
  const watch = new ExpiryWatch({ logger: lines, clock, now: () => START });
  watch.watch({ consumer: { certificates: consumer }, producer: { certificates: producer } });
  watch.stop();
  return lines.all
    .filter(({ level }) => level !== 'debug')
    .map(
      ({ level, message, fields }) =>
        `${level} ${String(fields['cluster'])}: ${message}: ${String(fields['subject'])} ` +
        `${String(fields['daysLeft'])}`,
    );
}

test(
  'one line per cluster names the certificate that expires first; two clients with the same ' +
    'certificates count as one cluster',
  () => {
    const anchors = [note('truststore', 'CN=root', 900), note('keystore', 'CN=us', 400)];
    assert.deepEqual(told(anchors), ['info kafka: certificates: CN=us 400']);
    assert.deepEqual(told(anchors, [note('truststore', 'CN=other', 500)]), [
      'info consumer: certificates: CN=us 400',
      'info producer: certificates: CN=other 500',
    ]);
    assert.deepEqual(told([]), []);
  },
);

test('under 30 days it is a warning; a certificate that makes connections fail is an error', () => {
  assert.deepEqual(told([note('truststore', 'CN=root', 30)]), ['info kafka: certificates: CN=root 30']);
  assert.deepEqual(told([note('truststore', 'CN=root', 29.9)]), [
    'warn kafka: a certificate expires soon: renew it: CN=root 29',
  ]);
  assert.deepEqual(told([note('keystore', 'CN=us', -0.1), note('truststore', 'CN=root', 900)]), [
    'error kafka: our own certificate has expired: brokers refuse it: CN=us -1',
  ]);
  assert.deepEqual(told([note('keystore', 'CN=us', 900, 1)]), [
    'error kafka: our own certificate is not valid yet: brokers refuse it (or the clock is wrong): CN=us 900',
  ]);
});

test('one expired authority of several is a warning, and only if all have expired an error', () => {
  const expired = note('truststore', 'CN=old', -5);
  assert.deepEqual(told([expired, note('truststore', 'CN=root', 900)]), [
    'warn kafka: a certificate of the truststore has expired: CN=old -5',
  ]);
  assert.deepEqual(told([expired]), [
    'error kafka: every certificate of the truststore has expired: no broker can be trusted: CN=old -5',
  ]);
});

test('expiry is reported again every day, with the days left', async () => {
  const lines = new Lines();
  const clock = newClock();
  const watch = new ExpiryWatch({
    logger: lines,
    clock,
    now: () => new Date(START.getTime() + clock.nowMs()),
  });
  const certificates = [note('keystore', 'CN=us', 31)];
  watch.watch({ consumer: { certificates }, producer: { certificates } });
  await pass(clock, 3 * DAY_MS + 1);
  assert.deepEqual(
    lines.all
      .filter(({ level }) => level !== 'debug')
      .map(({ level, fields }) => `${level} ${String(fields['daysLeft'])}`),
    ['info 31', 'info 30', 'warn 29', 'warn 28'],
  );
  assert.equal(watch.expiries()[0]?.daysLeft, 27);
  watch.stop();
});

test('a certificate is told with its cluster, its use and its file, and the whole days that are left', () => {
  const clusters = {
    consumer: { certificates: [note('keystore', 'CN=us', 1)] },
    producer: { certificates: [] },
  };
  assert.deepEqual(certificateExpiries(clusters, START)[0], {
    cluster: 'consumer',
    use: 'keystore',
    file: '/etc/kafka/keystore.jks',
    subject: 'CN=us',
    notBefore: '2026-08-14T12:00:00.000Z',
    notAfter: '2026-11-23T12:00:00.000Z',
    daysLeft: 1,
  });
});
