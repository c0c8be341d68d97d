/** The file layer of one of several pipelines: its own keys over those that all of them share. */
import { fileLayer } from '../layers/layer-file.js';
import { emptyLayer, type Layer, mergeLayers } from '../layers/layers.js';
import type { Problems } from '../text/problem.js';
import { readTree, type TreeReading } from '../text/tree-file.js';
import type { MapTree } from '../text/yaml-tree.js';

/** The list of pipelines in a file; everything beside it is shared. */
export const PIPELINES_KEY = 'pipelines';

/** Where a pipeline stands: an item of the list in the file, or a file of its own beside a shared one. */
export type PipelinePlace =
  | { readonly kind: 'item'; readonly index: number }
  | { readonly kind: 'file'; readonly defaults: string | undefined };

/** Undefined after a reported problem. */
export function pipelineLayer(tree: MapTree, place: PipelinePlace, reading: TreeReading): Layer | undefined {
  if (place.kind === 'item') {
    const item = itemsOf(tree)?.[place.index];
    if (item === undefined) return undefined;
    return mergeLayers([
      sharedLayer(withoutPipelines(tree), reading),
      fileLayer(item, reading.problems, reading.notes),
    ]);
  }
  const { defaults } = place;
  const below = defaults === undefined ? undefined : readTree(defaults, reading);
  if (defaults !== undefined && below === undefined) return undefined;
  return mergeLayers([
    below === undefined ? emptyLayer() : sharedLayer(below, reading),
    fileLayer(tree, reading.problems, reading.notes),
  ]);
}

/** The items of the list `pipelines`; undefined if the file has none. What is no mapping is left out. */
export function itemsOf(tree: MapTree, problems?: Problems): readonly MapTree[] | undefined {
  const entry = tree.entries.find(({ key }) => key === PIPELINES_KEY);
  if (entry === undefined) return undefined;
  const { node } = entry;
  const items = node.kind === 'list' ? node.items : [];
  if (items.length === 0)
    problems?.error(
      entry.keyAt,
      PIPELINES_KEY,
      'must be a list of pipelines',
      'write "- name: NAME" and its keys for each',
    );
  return items.filter((item) => {
    if (item.kind !== 'map')
      problems?.error(
        item.at,
        PIPELINES_KEY,
        'every item must be a mapping of keys',
        'write for example { name: flights, kafka: … }',
      );
    return item.kind === 'map';
  }) as readonly MapTree[];
}

function withoutPipelines(tree: MapTree): MapTree {
  return { ...tree, entries: tree.entries.filter(({ key }) => key !== PIPELINES_KEY) };
}

/** A name belongs to one pipeline; Spring's name of the application is only a suggestion. */
function sharedLayer(tree: MapTree, { problems, notes }: TreeReading): Layer {
  const layer = fileLayer(tree, problems, notes);
  const name = layer.fields.get('name');
  if (name !== undefined && name.key === undefined)
    problems.error(
      name.origin,
      'name',
      'names one pipeline, but stands where all of them share their keys',
      'give each pipeline its own name',
    );
  layer.fields.delete('name');
  return layer;
}
