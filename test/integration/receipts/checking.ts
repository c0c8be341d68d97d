/** Runs `kd verify` for a job's receipts. */
import assert from 'node:assert/strict';
import type { FoundDifference, VerifyResult } from '../../../src/app/receipts/verify/result.js';
import { lastJson, runKd } from '../../support/kd.js';
import type { Job } from '../job.js';

export async function verify(
  job: Job,
  args: readonly string[] = ['receipt.jsonl'],
  expect = 0,
): Promise<VerifyResult> {
  const { code, stdout, stderr } = await runKd(['verify', '-o', 'json', ...args], { cwd: job.folder });
  assert.equal(code, expect, `${stderr.slice(-3000)}\n${stdout.slice(-3000)}`);
  return lastJson(stdout) as VerifyResult;
}

/** Refuses, and names first what it should. */
export async function refuses(
  job: Job,
  args: readonly string[],
  expected: Partial<FoundDifference>,
): Promise<VerifyResult> {
  const result = await verify(job, ['receipt.jsonl', ...args], 6);
  const [first] = result.differences;
  assert.ok(first, 'a difference');
  const named = Object.fromEntries(
    Object.keys(expected).map((key) => [key, first[key as keyof FoundDifference]]),
  );
  assert.deepEqual(named, expected, JSON.stringify(result.differences, null, 2));
  return result;
}
