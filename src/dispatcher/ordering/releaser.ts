import type { BatchId, PartitionId } from '../../core/batch.js';
import { CompletionRing } from '../../core/completion-ring.js';
import { PartitionLanes } from '../../core/partition-lanes.js';
import type { Flight } from '../flight.js';
import type { RunState } from '../run-state.js';

/** When a flight may be transformed and when its parts may be written: the three orderings. */
interface Order {
  /** In read order. True: it may be transformed now. */
  enter(flight: Flight): boolean;
  mayWrite(flight: Flight): boolean;
  /**
   * Every part was handed to the writer, or never will be. Returns the next flight that may be transformed
   * because of it.
   */
  leave(flight: Flight): BatchId | undefined;
}

/**
 * Transforms in parallel, releases in read order per partition. The oldest flight of all is the head of all
 * its queues: no circular wait.
 */
class OutputOrder implements Order {
  private readonly ring = new CompletionRing();

  enter(flight: Flight): boolean {
    this.ring.push(flight.id, flight.partitionIds);
    return true;
  }

  mayWrite(flight: Flight): boolean {
    return this.ring.isHead(flight.id);
  }

  leave(flight: Flight): undefined {
    this.ring.remove(flight.id);
  }
}

/**
 * One batch a partition between the start of its transform and the hand-over to the writer. Batches hold one
 * partition each.
 */
class PartitionOrder implements Order {
  private readonly lanes = new PartitionLanes();

  enter(flight: Flight): boolean {
    return this.lanes.push(flight.id, onlyPartition(flight));
  }

  mayWrite(): boolean {
    return true;
  }

  leave(flight: Flight): BatchId | undefined {
    return this.lanes.remove(flight.id);
  }
}

class NoOrder implements Order {
  enter(): boolean {
    return true;
  }

  mayWrite(): boolean {
    return true;
  }

  leave(): undefined {}
}

/** Writes parts to the sink in the order that `ordering` asks for. */
export class Releaser {
  private readonly state: RunState;
  private readonly order: Order;
  /** Entered and not left. */
  private readonly entered = new Set<BatchId>();
  private readonly startTransform: (flight: Flight) => void;

  constructor(state: RunState, startTransform: (flight: Flight) => void) {
    this.state = state;
    this.startTransform = startTransform;
    const { ordering } = state.settings;
    this.order =
      ordering === 'output'
        ? new OutputOrder()
        : ordering === 'partition'
          ? new PartitionOrder()
          : new NoOrder();
  }

  accept(flight: Flight): void {
    this.entered.add(flight.id);
    if (this.order.enter(flight)) this.startTransform(flight);
  }

  /**
   * Writes what may be written. Flights are few (inFlightBatchesMax), so one walk in read order is cheap, and
   * one walk is enough: an older flight that leaves is met before those it held back.
   */
  pump(): void {
    for (const flight of this.state.flights.values()) {
      if (flight.abandoned) this.leave(flight);
      else if (this.order.mayWrite(flight) || !this.entered.has(flight.id)) this.write(flight);
    }
  }

  private write(flight: Flight): void {
    for (const part of flight.parts) {
      if (part.state !== 'ready') continue;
      part.state = 'written';
      this.state.deps.sink.write(flight.id, part.index, flight.input.block, part.output);
    }
    if (flight.transformDone) this.leave(flight);
  }

  private leave(flight: Flight): void {
    if (!this.entered.delete(flight.id)) return;
    const next = this.order.leave(flight);
    const nextFlight = next === undefined ? undefined : this.state.flights.get(next);
    if (nextFlight !== undefined) this.startTransform(nextFlight);
  }
}

function onlyPartition(flight: Flight): PartitionId {
  return flight.partitionIds[0] ?? -1;
}
