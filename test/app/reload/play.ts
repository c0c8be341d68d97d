/** A run of legs that the test controls. */
import assert from 'node:assert/strict';
import { LegRunner } from '../../../src/app/reload/leg-runner.js';
import type { RunReport } from '../../../src/dispatcher/report.js';
import { type Config, Lines, newClock, PlayedLeg, PlayedSource, revision, settle } from './helpers.js';

export const RELOAD_TIMEOUT_MS = 60_000;

export class Play {
  readonly clock = newClock();
  readonly lines = new Lines();
  readonly legs: PlayedLeg[] = [];
  readonly source = new PlayedSource(revision('a'));
  readonly runner: LegRunner<Config>;
  readonly reloaded: string[] = [];
  /** Errors to throw when the leg of this name is created. */
  readonly composeFaults = new Map<string, Error>();
  report: RunReport | undefined;

  constructor() {
    this.runner = new LegRunner<Config>({
      first: revision('a'),
      compose: (config, carried) => {
        const fault = this.composeFaults.get(config['name'] ?? '');
        if (fault !== undefined) throw fault;
        const leg = new PlayedLeg(config, carried);
        this.legs.push(leg);
        return leg;
      },
      source: this.source,
      reloadTimeoutMs: RELOAD_TIMEOUT_MS,
      logger: this.lines,
      clock: this.clock,
      reloaded: ({ name = '' }) => this.reloaded.push(name),
    });
    void this.runner.run().then((report) => {
      this.report = report;
    });
  }

  get leg(): PlayedLeg {
    const leg = this.legs.at(-1);
    assert.ok(leg !== undefined);
    return leg;
  }

  get names(): string {
    return this.legs.map(({ name }) => name).join(' ');
  }

  async running(): Promise<this> {
    this.leg.started();
    await settle();
    return this;
  }

  /** Changes the files and announces it. */
  async change(name: string): Promise<void> {
    this.source.say(name);
    this.runner.reload('files');
    await settle();
  }
}
