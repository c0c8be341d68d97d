/** The code of the README's recipes, as a reader would paste it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../support/paths.js';

const README = readFileSync(join(projectRoot, 'README.md'), 'utf8');

/** The type that the recipes share. */
const SHARED_TYPE = codeBlock(between(README, '\n## Recipes\n', '\n**'), 'ts');

/** The first code block of a language in the recipe that begins with `**title.**`. */
export function recipe(title: string, language: 'ts' | 'sh' = 'ts'): string {
  const start = README.indexOf(`\n**${title}.**`);
  if (start < 0) throw new Error(`the README has no recipe ${title}`);
  const rest = README.slice(start + 1);
  const next = rest.search(/\n(\*\*[A-Z]|## )/);
  return codeBlock(rest.slice(0, next), language);
}

/** A whole module: most recipes show only the property of `defineTransform` that matters. */
export function moduleOf(title: string, edit: (code: string) => string = (code) => code): string {
  const code = edit(recipe(title));
  if (code.includes('export default')) {
    return code.replace('export default', `${SHARED_TYPE}\nexport default`);
  }
  return [
    "import { defineTransform, drop, emit, emitAll, forward, reject, type } from 'kafka-dispatcher';",
    SHARED_TYPE,
    'void [drop, emit, emitAll, forward, reject];',
    `export default defineTransform({ input: type<Order>(),\n${code}\n});`,
  ].join('\n');
}

function between(text: string, from: string, to: string): string {
  const start = text.indexOf(from) + from.length;
  return text.slice(start, text.indexOf(to, start));
}

/** The text under `## title`. */
export function chapter(title: string): string {
  return between(README, `\n## ${title}\n`, '\n## ');
}

/** The first block of a language. */
export function codeBlock(text: string, language: string): string {
  const found = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(text)?.[1];
  if (found === undefined) throw new Error(`no block of ${language} in ${JSON.stringify(text.slice(0, 60))}`);
  return found;
}
