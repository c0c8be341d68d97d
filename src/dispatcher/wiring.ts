import { BatchFlow } from './batch-flow.js';
import { ConnectionTrouble } from './ending/connection-trouble.js';
import { EndCheck } from './ending/end-check.js';
import { EndWatch } from './ending/end-watch.js';
import { LeaderWatch } from './ending/leader-watch.js';
import { RunProgress } from './ending/run-progress.js';
import { Intake } from './intake/intake.js';
import { ReadFaults } from './intake/read-faults.js';
import { Releaser } from './ordering/releaser.js';
import { AssignmentWatch } from './partitions/assignment-watch.js';
import { ChangeQueue } from './partitions/change-queue.js';
import { Rebalancer } from './partitions/rebalancer.js';
import { TailWatch } from './partitions/tail-watch.js';
import { TransactionWatch } from './partitions/transaction-watch.js';
import type { RunState } from './run-state.js';
import { ConfirmedOffsets } from './settlement/confirmed-offsets.js';
import { Refusals } from './settlement/refusals.js';
import { Settler } from './settlement/settler.js';
import { Stall } from './settlement/stall.js';
import { DeadLetterRows } from './transform/dead-letter-rows.js';
import { OutputBlocks } from './transform/output-blocks.js';
import { TransformRunner } from './transform/transform-runner.js';

export type Parts = ReturnType<typeof wire>;

/**
 * The parts of a dispatcher, in the order in which a batch meets them; each is given those it calls. What
 * goes against that order (a rewind, an error, the handling of an event) goes through the state.
 */
export function wire(state: RunState) {
  const { rewind } = state;
  const changes = new ChangeQueue(state);
  const intake = new Intake(state, changes);

  const outputs = new OutputBlocks(state.blocks);
  const deadLetterRows = new DeadLetterRows(state, outputs);
  const runner = new TransformRunner(state, outputs, deadLetterRows);
  const releaser = new Releaser(state);
  const stall = new Stall(state, rewind);
  const refusals = new Refusals(state, { stall, rewind });
  const settler = new Settler(state, { stall, refusals });
  const batchFlow = new BatchFlow(state, { intake, releaser, runner, outputs, deadLetterRows, settler });
  const confirmed = new ConfirmedOffsets(state);

  const endWatch = new EndWatch(state);
  const endCheck = new EndCheck(state, { endWatch, changes });
  const rebalancer = new Rebalancer(state, { changes, batchFlow, endWatch, intake });
  const readFaults = new ReadFaults(state, { changes, batchFlow, rebalancer, endWatch });

  const tailWatch = new TailWatch(state, changes, intake);
  const transactionWatch = new TransactionWatch(state);
  const assignmentWatch = new AssignmentWatch(state);
  const connectionTrouble = new ConnectionTrouble(state);
  const leaderWatch = new LeaderWatch(state, endWatch);
  const runProgress = new RunProgress(state, endWatch);
  return {
    changes,
    intake,
    outputs,
    stall,
    batchFlow,
    confirmed,
    endWatch,
    endCheck,
    rebalancer,
    readFaults,
    tailWatch,
    transactionWatch,
    assignmentWatch,
    connectionTrouble,
    leaderWatch,
    runProgress,
  };
}
