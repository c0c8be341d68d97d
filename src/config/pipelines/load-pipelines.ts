/** Reads the configuration of every pipeline of the process, and what they have in common. */
import type { ResolvedConfig } from '../keys/resolved.js';
import type { Note } from '../keys/side.js';
import { type Loaded, type LoadRequest, loadConfiguration } from '../load.js';
import { checkMemory } from '../resolve/memory.js';
import { type Problem, Problems } from '../text/problem.js';
import { checkTogether, ownerOf } from './checks.js';
import { type FoundPipeline, findPipelines } from './find.js';
import { budgetThreads, type Member, type Share, shareLayer, sharesOf } from './shares.js';

export interface LoadedPipeline {
  readonly name: string;
  /** As the user would name it; undefined when there is none. */
  readonly file: string | undefined;
  readonly loaded: Loaded;
}

export interface LoadedPipelines {
  /** False: the configuration is that of one pipeline, without a list or a directory. */
  readonly several: boolean;
  readonly pipelines: readonly LoadedPipeline[];
  /** Of all of them, each once. */
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
  readonly secrets: readonly string[];
  readonly shares: ReadonlyMap<string, Share>;
  /** Worker threads of all pipelines that may compute at the same time. */
  readonly threads: number;
}

export function loadPipelines(
  request: LoadRequest,
  granted: ReadonlyMap<string, Share> = new Map(),
): LoadedPipelines {
  const found = request.file === undefined ? undefined : findPipelines(request.file, request);
  if (found === undefined) return alone(request, loadConfiguration(request));
  const load = (one: FoundPipeline, share?: Share): Member => {
    const { file, place } = one;
    const layer = share === undefined ? {} : { share: shareLayer(share) };
    const loaded = loadConfiguration({ ...request, file, pipeline: place, ...layer });
    return { name: loaded.details.settings.get('name') ?? one.name, loaded };
  };
  const together = new Problems();
  // First without shares: they depend on what the user has set.
  const first = found.pipelines.map((one) => load(one));
  const shares = first.length === 0 ? new Map<string, Share>() : sharesOf(first, granted, together);
  const members = found.pipelines.map((one, index) => load(one, shares.get(first[index]?.name ?? '')));
  checkTogether(members, together);
  const configs = members.flatMap(({ loaded }) => loaded.config ?? []);
  checkMemory(
    configs,
    members[0]?.loaded.details.limits ?? { cpus: undefined, memoryBytes: undefined },
    together,
  );
  const common = [...found.problems, ...together.list()];
  const isFaulty = common.some(({ severity }) => severity === 'error');
  const pipelines = members.map(({ name, loaded }, index) => ({
    name,
    file: found.pipelines[index]?.file,
    loaded: withProcess(isFaulty ? { ...loaded, config: undefined } : loaded, members),
  }));
  return {
    several: true,
    pipelines,
    problems: distinct([...common, ...pipelines.flatMap(({ loaded }) => loaded.problems)]),
    notes: distinct(pipelines.flatMap(({ loaded }) => loaded.notes)),
    secrets: distinct(pipelines.flatMap(({ loaded }) => loaded.secrets)),
    shares,
    threads: budgetThreads(first),
  };
}

function alone({ file }: LoadRequest, loaded: Loaded): LoadedPipelines {
  const { config, problems, notes, secrets } = loaded;
  const pipelines = [{ name: config?.name ?? file ?? '', file, loaded }];
  const threads = config?.dispatcher.threads ?? 1;
  return { several: false, pipelines, problems, notes, secrets, shares: new Map(), threads };
}

/** What belongs to the process is the same for all, whoever's file has it. */
function withProcess(loaded: Loaded, members: readonly Member[]): Loaded {
  if (loaded.config === undefined) return loaded;
  const of = (section: 'server' | 'logging'): ResolvedConfig =>
    ownerOf(section, members)?.loaded.config ?? (loaded.config as ResolvedConfig);
  return {
    ...loaded,
    config: { ...loaded.config, server: of('server').server, logging: of('logging').logging },
  };
}

function distinct<Item>(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
