/** Pipelines that the test controls, in virtual time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningPipeline, RunOutcome } from '../../../src/app/pipelines/pipeline.js';
import { summaryOfNone } from '../../../src/app/pipelines/summary-of-none.js';
import type { ResolvedConfig } from '../../../src/config/keys/resolved.js';
import { type LoadedPipelines, loadPipelines } from '../../../src/config/pipelines/load-pipelines.js';
import type { Share } from '../../../src/config/pipelines/shares.js';
import { DispatcherError } from '../../../src/core/errors.js';

export const FACTS = { redact: (text: string) => text, startedAt: new Date(0) };

export const UNREACHABLE = new DispatcherError('KAFKA_UNREACHABLE', 'no broker answers');
export const REFUSED = new DispatcherError('KAFKA_REFUSED', 'wrong password');

/** Runs until it is stopped, or until the test lets it fail. */
export class FakePipeline implements RunningPipeline {
  readonly config: ResolvedConfig;
  readonly reloads: string[] = [];
  private over: (error: DispatcherError | undefined) => void = () => undefined;
  private readonly ended: Promise<DispatcherError | undefined>;

  constructor(config: ResolvedConfig) {
    this.config = config;
    this.ended = new Promise((resolve) => {
      this.over = resolve;
    });
  }

  get view(): never {
    throw new Error('not asked for');
  }

  get answers(): never {
    throw new Error('not asked for');
  }

  status(): never {
    throw new Error('not asked for');
  }

  async toEnd(): Promise<RunOutcome> {
    const error = await this.ended;
    const summary = summaryOfNone(error, { ...FACTS, name: this.config.name });
    const done = { ...summary, state: 'stopped', exitCode: 0 } as const;
    return { summary: error === undefined ? done : summary, exitNow: undefined };
  }

  reload(cause: string): void {
    this.reloads.push(cause);
  }

  stop(): void {
    this.over(undefined);
  }

  cutNow(): void {
    this.over(undefined);
  }

  fail(error: DispatcherError): void {
    this.over(error);
  }
}

/** The configurations of the files in a folder, as the program reads them. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'kd-set-'));

  constructor(...names: readonly string[]) {
    this.shared('');
    for (const name of names) this.write(name);
  }

  shared(more: string): void {
    writeFileSync(join(this.path, 'defaults.yml'), `kafka: { bootstrap-servers: "a:9092" }\n${more}`);
  }

  write(name: string, more = ''): void {
    const consumer = `{ group-id: g-${name}, topics: [${name}] }`;
    const text = `kafka: { consumer: ${consumer}, producer: { topic: out } }\n`;
    writeFileSync(join(this.path, `${name}.yml`), text + more);
  }

  remove(...names: readonly string[]): void {
    for (const name of names) rmSync(join(this.path, `${name}.yml`));
  }

  load(granted?: ReadonlyMap<string, Share>): LoadedPipelines {
    return loadPipelines({ file: this.path, environment: {}, workingDirectory: '/' }, granted);
  }

  end(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function configNamed(name: string): ResolvedConfig {
  const folder = new Folder(name);
  const config = folder.load().pipelines[0]?.loaded.config;
  folder.end();
  assert.ok(config !== undefined);
  return config;
}
