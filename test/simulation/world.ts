import type { BlockHolders } from '../support/fakes/block-holders.js';
import type { FakeGroup } from '../support/fakes/source/fake-group.js';
import type { VirtualClock } from '../support/fakes/virtual-clock.js';
import type { Ledger } from './ledger.js';
import type { Scenario } from './scenario.js';

/** What the parts of one simulated run share. */
export interface World {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly group: FakeGroup;
  readonly ledger: Ledger;
  readonly holders: BlockHolders;
  readonly logLines: string[];
  createdBytes: number;
  /** The number of delivered records when the limits were checked last. */
  recordsSeen: number;
}
