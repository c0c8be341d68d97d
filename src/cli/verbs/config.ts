/** `kd config show`: the values in use and their origins, with secrets masked. */
import type { Command } from 'commander';
import { Document, isCollection, isNode, isScalar } from 'yaml';
import { type ShownValue, shownValues } from '../../config/show/show.js';
import type { CliIo, GlobalOptions } from '../io.js';
import { addExample, optionsOf } from '../options.js';
import { eachPipeline } from '../pipelines/each-pipeline.js';

export function register(program: Command, io: CliIo): void {
  const group = program.command('config').description('the configuration in use');
  const show = group
    .command('show')
    .description('print the resolved configuration, secrets masked')
    .option('--origin', 'print where each value comes from')
    .action(async (_options: unknown, self: Command) => {
      await showConfig(optionsOf<{ origin?: boolean }>(self), io);
    });
  addExample(show, 'kd config show -c kd.yml --origin', 'kd config show -o json --set dispatcher.threads=4');
  addExample(group, 'kd config show -c kd.yml --origin');
}

async function showConfig(options: GlobalOptions & { readonly origin?: boolean }, io: CliIo): Promise<void> {
  await eachPipeline(options, io, {}, (loaded, print) => {
    const rows = shownValues(loaded.config, loaded);
    if (options.output === 'json') print(documentOf(rows, options.origin === true));
    else io.stdout.write(asYaml(rows, options.origin === true));
    return Promise.resolve();
  });
}

function documentOf(rows: readonly ShownValue[], withOrigin: boolean): object {
  if (!withOrigin) return { config: nested(rows) };
  return {
    config: nested(rows),
    origins: Object.fromEntries(rows.map((row) => [row.path.join('.'), row.origin])),
  };
}

/** Without a prototype: a topic may be named __proto__ or constructor. */
function section(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function nested(rows: readonly ShownValue[]): Record<string, unknown> {
  const root = section();
  for (const { path, value } of rows) {
    let inner = root;
    for (const part of path.slice(0, -1)) {
      inner[part] ??= section();
      inner = inner[part] as Record<string, unknown>;
    }
    inner[path.at(-1) ?? ''] = value;
  }
  return root;
}

/** Valid as a configuration again, apart from the masks. */
function asYaml(rows: readonly ShownValue[], withOrigin: boolean): string {
  const document = new Document(nested(rows));
  for (const { path, origin } of rows) {
    const node: unknown = document.getIn(path, true);
    // Properties are text to librdkafka; people write numbers without quotes.
    if (
      isScalar(node) &&
      path.includes('properties') &&
      /^(0|-?[1-9]\d{0,14}|true|false)$/.test(String(node.value))
    )
      node.value = JSON.parse(String(node.value));
    // On one line, so that the comment follows the value.
    if (isCollection(node)) node.flow = true;
    if (withOrigin && isNode(node)) node.comment = ` ${origin}`;
  }
  return document.toString({ lineWidth: 0 });
}
