/** The account of a soak: a report, a graph, and whether all is well. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerifyResult } from '../../test/support/java/requests.js';
import { describeMachine } from '../machine.js';
import { soakChart } from './chart.js';
import type { SoakOptions } from './options.js';
import type { Done, Sample } from './samples.js';
import type { Finding } from './verdict.js';

export interface Account {
  readonly options: SoakOptions;
  readonly done: Done;
  readonly exitCode: number | null;
  readonly fed: number;
  /** Both topics against what was to be written, by Kafka's own client. */
  readonly input: VerifyResult;
  readonly output: VerifyResult;
  readonly receipt: { readonly code: number | null; readonly text: string };
  readonly scrapes: { readonly count: number; readonly failures: number; readonly slowestMs: number };
  readonly samples: readonly Sample[];
  readonly findings: readonly Finding[];
}

const EXAMPLES_SHOWN_MAX = 5;

/** True if all is well. */
export async function writeReport(account: Account): Promise<boolean> {
  const { options, samples } = account;
  const findings = allFindings(account);
  const { cpu, cores, node, commit, date } = describeMachine();
  const said =
    `${options.hours} h at ${options.recordsPerSecond.toLocaleString('en-US')} records/s, ` +
    `${account.done.reloads} reloads, ${account.done.brokerRestarts} broker restarts (marked), ` +
    `${account.scrapes.count.toLocaleString('en-US')} scrapes`;
  const text = [
    '# Soak',
    `${said}. ${options.brokers} brokers on the same machine: ${cpu}, ${cores} cores. Node ${node}, ` +
      `commit ${commit}, ${date}.`,
    '![memory, files and threads over time](soak.svg)',
    findings.map(({ what, ok }) => `- ${ok ? 'ok' : '**failed**'}: ${what}`).join('\n'),
    `What \`kd verify\` says of the receipt:\n\n\`\`\`\n${account.receipt.text.trim()}\n\`\`\``,
  ].join('\n\n');
  await writeFile(join(options.out, 'SOAK.md'), `${text}\n`);
  await writeFile(join(options.out, 'soak.svg'), soakChart('Soak', said, samples));
  process.stdout.write(`${text}\n\n${options.out}: SOAK.md soak.svg samples.csv\n`);
  return findings.every(({ ok }) => ok);
}

function allFindings(account: Account): readonly Finding[] {
  const { fed, input, output, receipt, exitCode, scrapes, findings } = account;
  const more = (count: 'duplicates' | 'reordered'): number => output[count] - input[count];
  const wrong = output.missing + output.altered + output.foreign + Math.max(0, more('reordered'));
  return [
    {
      what:
        `${fed.toLocaleString('en-US')} records written, ${output.missing} lost, ` +
        `${more('duplicates')} twice, ${output.altered} altered, ${output.foreign} foreign, ` +
        `${more('reordered')} out of order, says ` +
        "Kafka's own client" +
        (wrong > 0 ? `: ${output.examples.slice(0, EXAMPLES_SHOWN_MAX).join('; ')}` : ''),
      ok: wrong === 0,
    },
    { what: `kd verify ends with ${receipt.code}`, ok: receipt.code === 0 },
    { what: `kd ends with ${exitCode} on SIGTERM`, ok: exitCode === 0 },
    {
      what: `${scrapes.failures} scrapes failed; the slowest took ${scrapes.slowestMs.toFixed(0)} ms`,
      ok: scrapes.failures === 0,
    },
    ...findings,
  ];
}
