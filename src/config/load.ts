/** Reads a configuration from all its layers, without the network, and reports all problems at once. */

import { isAbsolute, join, relative, resolve } from 'node:path';
import type { ClientSide } from '../core/client-side.js';
import { redactor } from '../secrets/redact.js';
import { type PropertyEntries, translateProperties } from './client/properties.js';
import { checkSystemTrust } from './client/system-trust.js';
import type { ResolvedConfig } from './keys/resolved.js';
import { baseDirectory, type Note, Notes } from './keys/side.js';
import { environmentLayer } from './layers/environment.js';
import { fileLayer } from './layers/layer-file.js';
import { assign, setLayer } from './layers/layer-words.js';
import { emptyLayer, type Layer, mergeLayers } from './layers/layers.js';
import { propertiesFileLayer } from './layers/properties-file.js';
import { noteOverridden, takeOverKeys } from './layers/take-over.js';
import { type PipelinePlace, pipelineLayer } from './pipelines/pipeline-layer.js';
import { type ContainerLimits, containerLimits, readText } from './resolve/control-groups.js';
import { resolveConfig } from './resolve/resolve.js';
import type { Purpose } from './resolve/resolve-input.js';
import { secretsOf, secretsOfEnvironment } from './resolve/secret-values.js';
import { noteProbes } from './resolve/server.js';
import { resolveSettings, type Settings } from './resolve/settings.js';
import type { Entry } from './text/entry.js';
import type { Environment } from './text/interpolate.js';
import { type Origin, type Problem, Problems } from './text/problem.js';
import { readTree } from './text/tree-file.js';

export interface LoadRequest {
  /** As the user named it; problems use the same name. */
  readonly file?: string;
  /** One of several pipelines, and where it stands. */
  readonly pipeline?: PipelinePlace;
  /** Values below all others: a pipeline's share of what the process may use. */
  readonly share?: Layer;
  /** Values instead of a file, for jobs that have none (the demo). The environment overrides them. */
  readonly builtIn?: { readonly by: string; readonly values: Readonly<Record<string, string>> };
  readonly environment: Environment;
  /** `--set` assignments, in order. */
  readonly set?: readonly string[];
  /** Options of the command line, which override everything: key → text and the option's name. */
  readonly options?: readonly OptionValue[];
  /** A properties file of `--command-config`, above `--set` and below the other options. */
  readonly commandConfig?: string;
  readonly workingDirectory: string;
  readonly purpose?: Purpose;
  /** Finds the system's CA certificates. [those of this system] */
  readonly systemTrust?: () => string | undefined;
  /** Of the container. [those of this process] */
  readonly limits?: ContainerLimits;
  /** For reports of certificate expiry. */
  readonly now?: Date;
  /** Called with every token that clients of this configuration obtain, because a token is a secret. */
  readonly obtained?: (token: string) => void;
}

export interface OptionValue {
  /** A key's path. */
  readonly path: string;
  readonly text: string;
  readonly origin: Origin;
}

export interface Loaded {
  /** Undefined when there is an error among the problems. */
  readonly config: ResolvedConfig | undefined;
  readonly problems: readonly Problem[];
  /** Information only: names that were left out on purpose. */
  readonly notes: readonly Note[];
  /** For `config show`. */
  readonly details: LoadedDetails;
  /** Every secret value, for redaction of other programs' output. */
  readonly secrets: readonly string[];
}

export interface LoadedDetails {
  readonly settings: Settings;
  readonly merged: Layer;
  readonly limits: ContainerLimits;
  /** The properties of each client that the user set. */
  readonly clients: Readonly<Record<ClientSide, PropertyEntries>>;
}

export function loadConfiguration(request: LoadRequest): Loaded {
  const problems = new Problems();
  const notes = new Notes();
  const files = new Set<string>();
  const { readable, below, environment, words } = readLayers(request, {
    problems,
    notes,
    files,
    named: new Set(),
  });
  const merged = mergeLayers([below, environment, words]);
  const settings = resolveSettings(merged, problems);
  const { workingDirectory } = request;
  const clients = translateProperties({
    layer: merged,
    workingDirectory,
    problems,
    notes,
    now: request.now ?? new Date(),
  });
  checkSystemTrust(clients, request, problems);
  const file = request.file === undefined ? undefined : resolve(workingDirectory, request.file);
  const limits = request.limits ?? containerLimits(readText);
  const input = {
    settings,
    merged,
    clients,
    file,
    files: [...files].filter((name) => !/^\/(dev|proc)\//.test(name)),
    shownFile: request.file,
    workingDirectory,
    environment: request.environment,
    limits,
    isOneOfSeveral: request.pipeline !== undefined,
    purpose: request.purpose ?? 'job',
    obtained: request.obtained,
  };
  // A file that can't be read at all would only add an "is missing" for every key.
  const config = readable ? resolveConfig(input, problems) : undefined;
  if (config !== undefined) noteProbes(config.server, settings, request.environment, notes);
  const secrets = [
    ...new Set([...secretsOf(merged), ...clients.secrets, ...secretsOfEnvironment(request.environment)]),
  ];
  const details = {
    settings,
    merged,
    limits,
    clients: { consumer: clients.consumer.properties, producer: clients.producer.properties },
  };
  return {
    config,
    problems: withoutSecrets(problems.list(), secrets),
    notes: notes.list(),
    details,
    secrets,
  };
}

interface ReadLayers {
  /** False when the file could not be read. */
  readonly readable: boolean;
  readonly below: Layer;
  readonly environment: Layer;
  readonly words: Layer;
}

interface Found {
  readonly problems: Problems;
  readonly notes: Notes;
  /** Absolute paths of files that were read. */
  readonly files: Set<string>;
  /** Environment variables that placeholders name. */
  readonly named: Set<string>;
}

function readLayers(request: LoadRequest, found: Found): ReadLayers {
  const { problems, notes } = found;
  const read =
    request.file === undefined
      ? builtInLayer(request, problems)
      : readFileLayer(request.file, request, found);
  const environment = environmentLayer({
    environment: request.environment,
    named: found.named,
    problems,
    notes,
  });
  const set = setLayer(request.set ?? [], problems);
  const options = emptyLayer();
  for (const { path, text, origin } of request.options ?? [])
    assign(options, path, { text, origin }, problems);
  const command =
    request.commandConfig === undefined
      ? emptyLayer()
      : propertiesLayer(request.commandConfig, request, found);
  const own = read ?? emptyLayer();
  const named = mergeLayers([own, environment, set, options]).fields.get('kafka.properties-file');
  // A key in the configuration itself wins over the same key in the properties file that it names.
  const shared =
    named === undefined
      ? emptyLayer()
      : propertiesLayer(shownPath(named, request.workingDirectory), request, found);
  for (const layer of [shared, own, environment, set, command, options]) takeOverKeys(layer, problems, notes);
  noteOverridden(shared, own, notes);
  const below = mergeLayers([request.share ?? emptyLayer(), shared, own]);
  return { readable: read !== undefined, below, environment, words: mergeLayers([set, command, options]) };
}

function readFileLayer(file: string, request: LoadRequest, found: Found): Layer | undefined {
  const { environment, workingDirectory, pipeline } = request;
  const reading = { environment, workingDirectory, ...found };
  const tree = readTree(file, reading);
  if (tree === undefined) return undefined;
  return pipeline === undefined
    ? fileLayer(tree, found.problems, found.notes)
    : pipelineLayer(tree, pipeline, reading);
}

function propertiesLayer(file: string, request: LoadRequest, { problems, files }: Found): Layer {
  files.add(resolve(request.workingDirectory, file));
  return propertiesFileLayer(file, request.workingDirectory, problems);
}

/** Relative to the file that names it, shown relative to the working directory. */
function shownPath(entry: Entry<unknown>, workingDirectory: string): string {
  const name = String(entry.value);
  if (isAbsolute(name)) return name;
  const shown = relative(workingDirectory, join(baseDirectory(entry.origin, workingDirectory), name));
  return shown.startsWith('..') ? resolve(workingDirectory, shown) : shown;
}

function builtInLayer(request: LoadRequest, problems: Problems): Layer {
  const layer = emptyLayer();
  const { by, values } = request.builtIn ?? { by: '', values: {} };
  for (const [path, text] of Object.entries(values))
    assign(layer, path, { text, origin: { kind: 'built-in', by } }, problems);
  return layer;
}

/** A secret may be in the wrong place, and a problem may quote it. */
function withoutSecrets(problems: readonly Problem[], secrets: readonly string[]): readonly Problem[] {
  const redact = redactor(secrets);
  return problems.map((problem) => ({
    ...problem,
    message: redact(problem.message),
    remedy: problem.remedy === null ? null : redact(problem.remedy),
  }));
}
