import { DispatcherError } from '../../core/errors.js';
import { inArea, type Logger } from '../../ports/logger.js';
import type { OutputTopic } from '../../ports/sink.js';
import {
  isWorkerDeath,
  NOTHING_ANSWERED,
  type TransformResult,
  type TransformTask,
  type WorkerDeath,
} from '../../ports/transform-pool.js';
import { asDispatcherError } from '../as-dispatcher-error.js';
import { type InFlightBatch, isAbandoned, stopAt } from '../in-flight-batch.js';
import { LogLimit } from '../log-limit.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import { endTransform } from '../tracing.js';
import { addParts } from './add-parts.js';
import { AloneDelivery } from './alone-delivery.js';
import type { DeadLetterRows } from './dead-letter-rows.js';
import { cutAroundNamed } from './named-rows.js';
import type { OutputBlocks } from './output-blocks.js';
import { OutputTopics } from './output-topics.js';
import { cutAroundSuspects, firstRejected, type Range } from './ranges.js';
import { stopUnrejectable } from './worker-death.js';

/**
 * Runs one batch through the pool until each of its rows has an answer. On the way the output block may fill
 * up (the rest goes to another one), the worker may die (the range is cut around the suspects until the
 * guilty record is alone and rejected), a topic may be new, or a record may stop the run. Each death either
 * cuts a range or is counted, so the loop ends.
 */
export class TransformRunner {
  private readonly state: RunState;
  private readonly logger: Logger;
  private readonly limit: LogLimit;
  private readonly outputs: OutputBlocks;
  private readonly topics: OutputTopics;
  private readonly alone: AloneDelivery;

  constructor(state: RunState, outputs: OutputBlocks, deadLetters: DeadLetterRows) {
    this.state = state;
    this.logger = inArea(state.deps.logger, 'transform');
    this.limit = new LogLimit(this.logger, state.deps.clock);
    this.outputs = outputs;
    this.topics = new OutputTopics(state);
    this.alone = new AloneDelivery(state, deadLetters);
  }

  /**
   * Resolves when `batch.transformDone`; every outcome, including failures, is in the batch or was reported
   * to `state.fail`.
   */
  async run(batch: InFlightBatch, onPart: () => void): Promise<void> {
    try {
      await this.answerAllRows(batch, onPart);
    } catch (error) {
      batch.abandon();
      this.state.fail(asDispatcherError(error));
    }
    this.outputs.giveBackSpare(batch);
    batch.transformDone = true;
  }

  private async answerAllRows(batch: InFlightBatch, onPart: () => void): Promise<void> {
    const isolated = this.state.isolatedBatches > 0;
    const cut = cutAroundNamed(this.state, batch, { first: 0, count: batch.input.rowCount });
    const ranges = [...cut.ranges].reverse();
    let { stop } = cut;
    let topics: readonly OutputTopic[] | undefined;
    for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
      const answer = await this.attempt(batch, range, topics, onPart);
      topics = undefined;
      if (batch.abandoned) break;
      if (isWorkerDeath(answer)) {
        const { rejectWith, blamelessDeaths = 0 } = range;
        if (rejectWith !== undefined && blamelessDeaths >= Limits.blamelessDeathsMax) {
          stopUnrejectable(batch, range.first, rejectWith, answer);
          break;
        }
        ranges.push(...cutAroundSuspects(range, answer).reverse());
        continue;
      }
      if (answer.rowsDone === 0 && answer.stop === undefined && answer.unknownTopics === undefined)
        throw stuck(range);
      if (answer.stop !== undefined) {
        stopAt(batch, range.first + answer.rowsDone, answer.stop);
        break;
      }
      const rest: Range = {
        ...range,
        first: range.first + answer.rowsDone,
        count: range.count - answer.rowsDone,
      };
      if (rest.count > 0) ranges.push(rest);
      // Now: a refusal that arrives before it is waited for would be taken for one about neighbours.
      if (isolated) {
        const next = await this.alone.deliver(batch, { ...range, count: answer.rowsDone }, ranges, onPart);
        if (next === 'end') break;
        if (next !== 'on') {
          stop = next;
          continue;
        }
      }
      if (answer.unknownTopics !== undefined) {
        const registered = await this.topics.register(answer.unknownTopics);
        if (isAbandoned(batch)) break;
        if ('stop' in registered) {
          const { message } = registered.stop;
          stopAt(batch, rest.first, { code: registered.stop.code, message, stage: 'transform' });
          batch.stopError = registered.stop;
          break;
        }
        if ('topics' in registered) topics = registered.topics;
        else ranges.splice(ranges.indexOf(rest), 1, ...firstRejected(rest, registered.reject));
      }
      if (isAbandoned(batch)) break;
    }
    if (stop !== undefined && !isAbandoned(batch)) stopAt(batch, stop.row, stop.reason);
  }

  private async attempt(
    batch: InFlightBatch,
    range: Range,
    topics: readonly OutputTopic[] | undefined,
    onPart: () => void,
  ): Promise<TransformResult | WorkerDeath> {
    const output = await this.outputs.take(batch);
    // Abandoned while it waited for a block.
    if (output === undefined) return NOTHING_ANSWERED;
    const step = batch.trace?.transform(range.count);
    try {
      const result = await this.measured(batch, {
        batchId: batch.id,
        input: batch.input.block,
        output,
        firstRow: range.first,
        rowCount: range.count,
        segments: batch.input.segments,
        ...(range.rejectWith === undefined ? {} : { rejectWith: range.rejectWith }),
        ...(topics === undefined ? {} : { topics }),
        ...(step === undefined ? {} : { traceparent: step.traceparent }),
      });
      if (step !== undefined) endTransform(step, result);
      this.report(result);
      // Pieces of a batch are not representative: the fixed cost of a call weighs more in them.
      if (range.count === batch.input.rowCount) this.state.batchSize.saw(result.rowsDone, result.workMs);
      if (!batch.abandoned && result.rowsDone > 0) {
        addParts(this.state, batch, { output, result, redirect: false });
        onPart();
      } else this.outputs.release(output, batch);
      return result;
    } catch (error) {
      this.outputs.release(output, batch);
      const code = isWorkerDeath(error) ? error.code : 'DEFECT';
      step?.end({}, { code, message: 'the task has no result' });
      if (!isWorkerDeath(error)) throw error;
      // Errors that come with the end of the pool are not reported.
      if (this.state.lifecycle.isOver()) return error;
      this.state.workers.died(error.code);
      this.limit.warn(`worker ${error.code}`, 'worker replaced', {
        code: error.code,
        reason: error.message,
        suspects: error.suspectRowCount,
      });
      return error;
    }
  }

  private async measured(batch: InFlightBatch, task: TransformTask): Promise<TransformResult> {
    const { deps, workers, stages } = this.state;
    const sinceMs = batch.waitsSinceMs ?? deps.clock.nowMs();
    batch.waitsSinceMs = undefined;
    const result = await deps.pool.run(task);
    const { rowsDone, workMs, thread } = result;
    workers.worked(rowsDone, thread ?? { tookMs: workMs });
    if (thread !== undefined) stages.waited(deps.clock.nowMs() - sinceMs - thread.tookMs);
    return result;
  }

  private report(result: TransformResult): void {
    for (const entry of result.logs ?? []) this.logger[entry.level](entry.message, entry.fields);
    const { metrics } = this.state;
    const leftOutBefore = metrics.leftOut;
    for (const entry of result.counts ?? []) metrics.add(entry);
    if (metrics.leftOut > leftOutBefore)
      this.limit.warn('metrics', 'the transform uses too many metric names or labels: some are left out', {
        leftOut: metrics.leftOut,
      });
  }
}

function stuck(range: Range): DispatcherError {
  return new DispatcherError(
    'DEFECT',
    `a transform task answered none of its ${range.count} rows and gave no reason`,
  );
}
