/** The page for people at `/`: one file, kept in memory, that may run its own script and nothing else. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Route } from './routes.js';

/** Made of `page/` by scripts/bundle.mjs. */
const FILE = new URL('../../../bin/page.html', import.meta.url);

export async function pageRoute(): Promise<Route> {
  const text = await readFile(FILE, 'utf8');
  const headers = { 'content-security-policy': policyFor(text) };
  const answer = { status: 200, type: 'text/html; charset=utf-8', text, headers };
  return { path: '/', access: 'shell', answer: () => answer };
}

/** Scripts and styles by their digests: what a record might smuggle into the page does not run. */
function policyFor(html: string): string {
  const digestsOf = (tag: string): string =>
    [...html.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, 'g'))]
      .map(([, inner = '']) => `'sha256-${createHash('sha256').update(inner).digest('base64')}'`)
      .join(' ');
  return [
    "default-src 'none'",
    `script-src ${digestsOf('script')}`,
    `style-src ${digestsOf('style')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}
