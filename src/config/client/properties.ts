/**
 * Builds the librdkafka properties of each client: translates, checks and merges Java and librdkafka names.
 */

import type { ClientSide } from '../../core/client-side.js';
import type { TokenSource } from '../../core/token-source.js';
import type { CertificateNote } from '../keys/resolved.js';
import type { PropertyMap } from '../keys/schema.js';
import type { Notes, PropertyEntries, TranslationContext, WrittenEntry } from '../keys/side.js';
import type { Layer } from '../layers/layers.js';
import { overlay } from '../layers/overlay.js';
import type { Problems } from '../text/problem.js';
import { applySasl } from './sasl.js';
import type { TokenProvider } from './sasl-tokens.js';
import { applyTls } from './tls.js';
import { translate } from './translate.js';

export type { PropertyEntries } from '../keys/side.js';

export interface ClientTranslation {
  readonly properties: PropertyEntries;
  readonly certificates: readonly CertificateNote[];
  /** Absolute paths of files that were read, or that librdkafka will read. */
  readonly files: readonly string[];
  /** The region is not included: it follows from the brokers. */
  readonly tokens: TokenSource | undefined;
}

export interface Translation {
  readonly consumer: ClientTranslation;
  readonly producer: ClientTranslation;
  /** Secrets found in the written values or in the files they name. */
  readonly secrets: readonly string[];
}

export interface TranslationRequest {
  readonly layer: Layer;
  readonly workingDirectory: string;
  readonly problems: Problems;
  readonly notes: Notes;
  readonly now: Date;
}

const TOKEN_PROVIDER = 'kafka.token-provider';

export function translateProperties({ layer, ...request }: TranslationRequest): Translation {
  const context: TranslationContext = { ...request, secrets: new Set(), stores: new Map() };
  const provider = layer.fields.get(TOKEN_PROVIDER);
  const tokenProvider =
    typeof provider?.value === 'string' && provider.value.trim() !== ''
      ? { value: provider.value, origin: provider.origin, key: TOKEN_PROVIDER }
      : undefined;
  const consumer = clientTranslation(layer, 'consumer', tokenProvider, context);
  const producer = clientTranslation(layer, 'producer', tokenProvider, context);
  return { consumer, producer, secrets: [...context.secrets] };
}

function clientTranslation(
  layer: Layer,
  side: ClientSide,
  provider: TokenProvider,
  context: TranslationContext,
): ClientTranslation {
  const written = overlay(entriesOf(layer, 'kafka.properties'), entriesOf(layer, `kafka.${side}.properties`));
  const state = translate(written, side, context);
  applyTls(state, context);
  const tokens = applySasl(state, provider, context);
  return { properties: state.properties, certificates: state.certificates, files: [...state.files], tokens };
}

function entriesOf(layer: Layer, map: PropertyMap): Map<string, WrittenEntry> {
  return new Map(
    [...layer.properties[map]].map(([name, entry]) => [
      name,
      { ...entry, map, key: entry.key ?? `${map}.${name}` },
    ]),
  );
}
