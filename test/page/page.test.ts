import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { Job } from '../integration/job.js';
import type { KdProcess } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { assertAccessible, openPage, screenshot, startBrowser } from './browser.js';

const TOKEN = 'page-token-0123456789abcdef';
/** What a record says must not become part of the page. */
const HOSTILE = '<img src=x onerror=alert(1)><script>document.title=1</script>\u202e';

const TRANSFORM = `
import { defineTransform, drop, emitRaw, reject } from 'kafka-dispatcher';
let seen = 0;
export default defineTransform({
  transform(value, record) {
    seen += 1;
    const code = seen % 100 === 0 ? 'NO_PRICE' : 'BAD_FLIGHT';
    if (seen % 50 === 0) return reject(code, ${JSON.stringify(HOSTILE)});
    if (seen % 9 === 0) return drop('CANCELLED');
    return emitRaw(record.raw);
  },
});
`;

let browser: Browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

async function serving(
  t: TestContext,
  job: Job,
  args: readonly string[] = [],
): Promise<{ kd: KdProcess; url: string }> {
  const kd = job.spawn(['--until', 'forever', '--set', 'server.port=0', ...args]);
  t.after(async () => {
    kd.kill('SIGKILL');
    await kd.ended;
    job.remove();
  });
  const [, url = ''] = await kd.waitFor(/(http:\/\/127\.0\.0\.1:[1-9]\d*)/);
  return { kd, url };
}

async function stop(kd: KdProcess): Promise<void> {
  kd.kill('SIGTERM');
  await kd.ended;
}

test('under load: rates, lag, dead letters and the log move; nothing of a record is markup', async (t) => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 6,
    deadLetter: true,
    transform: TRANSFORM,
    dispatcher: { rate: '4000/s' },
  });
  await cluster.tool.produce({ topic: job.input, recipe: { records: 200_000, partitions: 6 } });
  // Whole messages: masked ones have lost what could be markup.
  const set = [`server.token=${TOKEN}`, 'dispatcher.dead-letter.samples=full'];
  const { kd, url } = await serving(
    t,
    job,
    set.flatMap((one) => ['--set', one]),
  );
  const watched = await openPage(browser, url, { colorScheme: 'light' });
  const { page, wrong } = watched;
  await page.getByLabel('Token').fill('not the token at all');
  await assertAccessible(watched, 'asks for the token');
  await screenshot(watched, 'token');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('That is not the token of this server.').waitFor();
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('rowheader', { name: 'NO_PRICE' }).waitFor();
  await page.locator('#state', { hasText: 'running' }).waitFor();
  await page.locator('#chart path').first().waitFor();
  const scenes = process.env['KD_SCREENSHOTS'] === undefined ? 0 : 20_000;
  await page.waitForTimeout(scenes);
  await assertAccessible(watched, 'under load, light');
  await screenshot(watched, 'load-light');
  await page.getByRole('button', { name: /Colours/ }).click();
  await page.getByRole('button', { name: /Colours/ }).click();
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  await assertAccessible(watched, 'under load, dark');
  await screenshot(watched, 'load-dark');
  await page.setViewportSize({ width: 390, height: 844 });
  await assertAccessible(watched, '390 px wide');
  await screenshot(watched, 'phone');
  const tooWide = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
  assert.equal(tooWide, false, 'nothing is wider than the phone');
  assert.equal(await page.locator('#dead img, #dead script').count(), 0);
  assert.match(await page.locator('#dead').innerText(), /<img src=x onerror=alert\(1\)>.*\\u202e/);
  const lag = page.getByRole('button', { name: 'Partition', exact: true });
  await lag.focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#lag th[aria-sort]').innerText(), 'Partition ▲');
  await page.getByRole('searchbox').fill('server.token');
  const config = await page.locator('#config').innerText();
  assert.match(config, /server\.token\s+\*{8}\s+--set/);
  assert.ok(!(await page.content()).includes(TOKEN), 'the token is nowhere in the page');
  assert.match(await page.locator('#log').innerText(), /info\s+endpoints/);
  assert.deepEqual(wrong, []);
  await stop(kd);
  await page.locator('#state', { hasText: 'no answer' }).waitFor();
  await assertAccessible({ page, wrong }, 'the server is gone');
  await page.context().close();
});

test('at rest it says running; a destination that is gone is a stall with its remedy', async (t) => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 3 });
  const { url } = await serving(t, job);
  const watched = await openPage(browser, url);
  const { page, wrong } = watched;
  await page.locator('#state', { hasText: 'running' }).waitFor();
  await page.getByText('No record was rejected.').waitFor();
  await assertAccessible(watched, 'at rest');
  await screenshot(watched, 'rest');
  const recipe = { records: 600, partitions: 3 };
  await cluster.tool.produce({ topic: job.input, recipe, to: 100 });
  await page.getByText('300 transformed').waitFor();
  await cluster.tool.deleteTopics([job.output]);
  await cluster.tool.produce({ topic: job.input, recipe, from: 100 });
  await page.locator('#state', { hasText: 'stalled' }).waitFor();
  const banner = page.locator('#banners .banner');
  assert.match(await banner.innerText(), /Stalled: results are not accepted[^]*What to do: /);
  await assertAccessible(watched, 'stalled');
  await screenshot(watched, 'stalled');
  assert.deepEqual(wrong, []);
  await page.context().close();
});
