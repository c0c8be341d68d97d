/** The page in real Chromium: without sandbox (tests run as root), and without a way to anywhere else. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const START_TIMEOUT_MS = 60_000;
const STEP_TIMEOUT_MS = 30_000;

function executable(): string {
  const folders = (process.env['PATH'] ?? '').split(':');
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (found !== undefined) return found;
  throw new Error('the tests of the page need Chromium: apt-get install chromium (scripts/setup.sh test)');
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: executable(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    timeout: START_TIMEOUT_MS,
  });
}

/** A page, and what went wrong in it: messages of the console, and requests to other places. */
export interface Watched {
  readonly page: Page;
  readonly wrong: readonly string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  const wrong: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`) && !request.url().startsWith('data:')) wrong.push(request.url());
  });
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    // A browser says this of every answer of 401, which is how the page learns that it needs a token.
    if (message.type() === 'error' && !message.text().includes('401')) wrong.push(message.text());
  });
  await page.goto(`${url}/`);
  return { page, wrong };
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** All of axe's rules, best practices as well. */
export async function assertAccessible({ page }: Watched, state: string): Promise<void> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate<Violation[]>(
    "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)",
  );
  const words = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n  ')}`);
  assert.deepEqual(words, [], state);
}

/** With KD_SCREENSHOTS=FOLDER: for people to look at. */
export async function screenshot({ page }: Watched, name: string, fullPage = true): Promise<void> {
  const folder = process.env['KD_SCREENSHOTS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}
