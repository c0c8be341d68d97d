/** `dispatcher.options`: free values for the transform, which must arrive as they were written. */
import { type Document, parseDocument, visit } from 'yaml';
import { OPTIONS_PATH } from '../keys/schema.js';
import { kindName } from '../keys/value-fault.js';
import { numberFault } from '../text/exact-number.js';
import type { Origin, Problems } from '../text/problem.js';
import type { Tree } from '../text/yaml-tree.js';
import { type Layer, mergeObjects } from './layers.js';
import { anySecret, fromFile, plain } from './plain.js';

type Options = Layer['options'];

export function optionsOfFile(options: Options, node: Tree, problems: Problems): void {
  if (node.kind === 'scalar' && node.value === null) return;
  if (node.kind !== 'map') {
    problems.error(
      node.at,
      OPTIONS_PATH,
      `must be a mapping, not ${kindName(plain(node))}`,
      'for example { limit: 5 }',
    );
    return;
  }
  for (const { key, keyAt, node: child } of node.entries) {
    const path = `${OPTIONS_PATH}.${key}`;
    if (options.has(key)) problems.error(keyAt, path, 'is given twice', 'keep one of them');
    reportChangedNumbers(child, path, problems);
    options.set(key, { value: plain(child), origin: fromFile(child.at), secret: anySecret(child) });
  }
}

function reportChangedNumbers(node: Tree, path: string, problems: Problems): void {
  if (node.kind === 'map')
    for (const { key, node: child } of node.entries) reportChangedNumbers(child, `${path}.${key}`, problems);
  else if (node.kind === 'list')
    for (const [index, item] of node.items.entries())
      reportChangedNumbers(item, `${path}[${index}]`, problems);
  else {
    const fault = numberFault(node.text, plain(node));
    if (fault !== undefined) problems.error(node.at, path, ...fault);
  }
}

/**
 * `dispatcher.options.a.b=1` sets one value, `dispatcher.options={a: 1}` several. The value is read as YAML.
 */
export function optionOfWord(
  options: Options,
  path: string,
  given: { text: string; origin: Origin },
  problems: Problems,
): void {
  const document = parseDocument(given.text, { prettyErrors: false });
  const broken = document.errors.length > 0 || document.warnings.length > 0;
  const value: unknown = broken ? given.text : document.toJS({ maxAliasCount: 0 });
  const fault = broken ? undefined : firstNumberFault(document);
  if (fault !== undefined) problems.error(given.origin, path, ...fault);
  const names = path === OPTIONS_PATH ? [] : path.slice(OPTIONS_PATH.length + 1).split('.');
  const [first, ...rest] = names;
  if (first === undefined) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.error(
        given.origin,
        path,
        'must be a mapping',
        'write for example dispatcher.options={limit: 5}',
      );
      return;
    }
    for (const [name, item] of Object.entries(value))
      options.set(name, { value: item, origin: given.origin, secret: false });
    return;
  }
  const nested = rest.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value);
  const before = options.get(first)?.value;
  options.set(first, { value: mergeObjects(before, nested), origin: given.origin, secret: false });
}

function firstNumberFault(document: Document.Parsed): ReturnType<typeof numberFault> {
  let first: ReturnType<typeof numberFault>;
  visit(document, {
    Scalar: (_, { source, value }) => {
      first ??= numberFault(source ?? '', value);
    },
  });
  return first;
}
