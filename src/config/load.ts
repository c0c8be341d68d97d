/** Reads a configuration from all its layers. No network; every problem at once. */
import { dirname, resolve } from 'node:path';
import { redactor } from '../core/redact.js';
import { type Environment, Interpolator } from './interpolate.js';
import { fileLayer } from './layer-file.js';
import { assign, environmentLayer, fieldVariables, setLayer } from './layer-words.js';
import { emptyLayer, type Layer, mergeLayers } from './layers.js';
import { type Origin, type Problem, Problems } from './problem.js';
import { type ClientProperties, resolveProperties } from './properties.js';
import { resolveConfig } from './resolve.js';
import type { Purpose } from './resolve-input.js';
import type { ResolvedConfig } from './resolved.js';
import { isSecretName } from './secrets.js';
import { resolveSettings, type Settings } from './settings.js';
import { parseYaml, readText } from './yaml-source.js';

export interface LoadRequest {
  /** As the user named it: problems name it the same way. */
  readonly file?: string;
  /** Values in the place of a file, for jobs that bring their own (the demo). Under the environment. */
  readonly builtIn?: { readonly by: string; readonly values: Readonly<Record<string, string>> };
  readonly environment: Environment;
  /** `--set` assignments, in order. */
  readonly set?: readonly string[];
  /** From options of the command line, above everything: key → text and the option's name. */
  readonly options?: readonly OptionValue[];
  readonly workingDirectory: string;
  readonly purpose?: Purpose;
}

export interface OptionValue {
  /** A key's path. */
  readonly path: string;
  readonly text: string;
  readonly origin: Origin;
}

export interface Loaded {
  /** Undefined when a problem is an error. */
  readonly config: ResolvedConfig | undefined;
  readonly problems: readonly Problem[];
  /** For `config show`. */
  readonly details: LoadedDetails;
  /** Every secret value, for redaction of what others write. */
  readonly secrets: readonly string[];
}

export interface LoadedDetails {
  readonly settings: Settings;
  readonly merged: Layer;
  readonly clients: ClientProperties;
}

export function loadConfiguration(request: LoadRequest): Loaded {
  const problems = new Problems();
  const read = request.file === undefined ? builtInLayer(request, problems) : readFileLayer(request.file, request, problems);
  const below = read ?? emptyLayer();
  const environment = environmentLayer(request.environment, problems);
  const options = emptyLayer();
  for (const { path, text, origin } of request.options ?? []) assign(options, path, { text, origin }, problems);
  const words = mergeLayers([setLayer(request.set ?? [], problems), options]);
  const merged = mergeLayers([below, environment, words]);
  const variables = shorthandVariables(request.environment, environment);
  const settings = resolveSettings({ file: below, variables, words, merged }, problems);
  const clients = resolveProperties(merged, request.workingDirectory, problems);
  const file = request.file === undefined ? undefined : resolve(request.workingDirectory, request.file);
  const input = {
    settings,
    merged,
    clients,
    file,
    shownFile: request.file,
    workingDirectory: request.workingDirectory,
    purpose: request.purpose ?? 'job',
  };
  // A file that can't be read at all would only add one "is missing" for every key.
  const config = read === undefined ? undefined : resolveConfig(input, problems);
  const secrets = secretsOf(merged);
  return { config, problems: withoutSecrets(problems.list(), secrets), details: { settings, merged, clients }, secrets };
}

function readFileLayer(file: string, request: LoadRequest, problems: Problems): Layer | undefined {
  const path = resolve(request.workingDirectory, file);
  const text = readText(file, path, problems);
  if (text === undefined) return undefined;
  const tree = parseYaml(file, text, new Interpolator(request.environment, dirname(path)), problems);
  return tree === undefined ? undefined : fileLayer(tree, problems);
}

function builtInLayer(request: LoadRequest, problems: Problems): Layer {
  const layer = emptyLayer();
  const { by, values } = request.builtIn ?? { by: '', values: {} };
  for (const [path, text] of Object.entries(values)) assign(layer, path, { text, origin: { kind: 'built-in', by } }, problems);
  return layer;
}

/** convict takes one variable a key; the short forms (`KD_DISPATCHER_INPUT_SCHEMA`) are handed to it under the long name. */
function shorthandVariables(environment: Environment, layer: Layer): Record<string, string> {
  const variables = fieldVariables(environment);
  for (const [path, entry] of layer.fields) {
    if (typeof entry.value === 'string') variables[`KD_${path.toUpperCase().replaceAll(/[.-]/g, '_')}`] = entry.value;
  }
  return variables;
}

/** A secret may stand where it does not belong, and be quoted as what is wrong there. */
function withoutSecrets(problems: readonly Problem[], secrets: readonly string[]): readonly Problem[] {
  const redact = redactor(secrets);
  return problems.map((problem) => ({
    ...problem,
    message: redact(problem.message),
    remedy: problem.remedy === null ? null : redact(problem.remedy),
  }));
}

function secretsOf(merged: Layer): readonly string[] {
  const secrets: string[] = [];
  const collect = (path: string, value: unknown, secret: boolean): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [name, child] of Object.entries(value)) collect(`${path}.${name}`, child, secret);
    } else if (secret || isSecretName(path)) {
      secrets.push(String(value));
    }
  };
  for (const [path, entry] of merged.fields) collect(path, entry.value, entry.secret);
  for (const [name, entry] of merged.options) collect(name, entry.value, entry.secret);
  for (const map of Object.values(merged.properties)) {
    for (const [name, entry] of map) collect(name, entry.value, entry.secret);
  }
  return secrets;
}
