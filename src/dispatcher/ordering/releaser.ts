import type { BatchId } from '../../core/batch.js';
import type { InFlightBatch, Part } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import type { DispatcherSettings } from '../settings.js';
import { beginSend } from '../tracing.js';
import { NoOrder } from './no-order.js';
import type { Order } from './order.js';
import { OutputOrder } from './output-order.js';
import { PartitionOrder } from './partition-order.js';

/** Writes parts to the sink in the order that `ordering` asks for. */
export class Releaser {
  private readonly state: RunState;
  private readonly order: Order;
  /** Batches that entered and have not left. */
  private readonly entered = new Set<BatchId>();

  constructor(state: RunState) {
    this.state = state;
    this.order = ORDERS[state.settings.ordering]();
  }

  /** True: it may be transformed now. */
  accept(batch: InFlightBatch): boolean {
    this.entered.add(batch.id);
    return this.order.enter(batch);
  }

  /**
   * Writes what may be written. Returns the batches that may be transformed now. There are few batches in
   * flight (inFlightBatchesMax), so one walk in read order is cheap. One walk is enough: an older batch that
   * leaves comes before those that it held back.
   */
  release(): readonly InFlightBatch[] {
    const next: InFlightBatch[] = [];
    for (const batch of this.state.inFlight.values()) {
      const leaves = batch.abandoned || (this.mayWrite(batch) && this.write(batch));
      const following = leaves ? this.leave(batch) : undefined;
      if (following !== undefined) next.push(following);
    }
    return next;
  }

  private mayWrite(batch: InFlightBatch): boolean {
    return this.order.mayWrite(batch) || !this.entered.has(batch.id);
  }

  /** True: nothing more of it will be written. */
  private write(batch: InFlightBatch): boolean {
    for (const part of batch.takeReady()) this.writePart(batch, part);
    return batch.transformDone;
  }

  private writePart(batch: InFlightBatch, part: Part): void {
    const { deps, stages } = this.state;
    part.writtenAtMs = deps.clock.nowMs();
    stages.ordered(part.writtenAtMs - part.readyAtMs);
    beginSend(batch, part, this.state.topicNames);
    deps.sink.write(batch.id, part.index, batch.input.block, part.output);
  }

  private leave(batch: InFlightBatch): InFlightBatch | undefined {
    if (!this.entered.delete(batch.id)) return undefined;
    const next = this.order.leave(batch);
    return next === undefined ? undefined : this.state.inFlight.get(next);
  }
}

const ORDERS: Readonly<Record<DispatcherSettings['ordering'], () => Order>> = {
  output: () => new OutputOrder(),
  partition: () => new PartitionOrder(),
  none: () => new NoOrder(),
};
