/** `make soak`: hours under load, with reloads, broker restarts and a scrape each second; then an account. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/integration/waiting.js';
import type { VerifyResult } from '../../test/support/java/requests.js';
import { withCluster } from '../../test/support/kafka-cluster.js';
import { runKd } from '../../test/support/kd.js';
import { say } from '../ground.js';
import { disturb } from './disturbances.js';
import { SoakJob } from './job.js';
import { type SoakOptions, soakOptions } from './options.js';
import { type Account, writeReport } from './report.js';
import { type Done, Sampler } from './samples.js';
import { Scraper } from './scraper.js';
import { findingsOf } from './verdict.js';

const CATCH_UP_MS = 600_000;
const VERIFY_MS = 3_600_000;

async function soak(options: SoakOptions, folder: string): Promise<Account> {
  return withCluster({ brokers: options.brokers }, async (cluster) => {
    const job = new SoakJob(cluster, options, folder);
    await job.prepare();
    const kd = job.start();
    const [, url = ''] = await kd.waitFor(/(http:\/\/127\.0\.0\.1:[1-9]\d*)/);
    const scraper = new Scraper(`${url}/metrics`);
    const done: Done = { reloads: 0, brokerRestarts: 0 };
    const sampler = new Sampler({
      pid: kd.pid ?? 0,
      scraper,
      done,
      seconds: options.sampleSeconds,
      file: join(options.out, 'samples.csv'),
    });
    const feeding = job.feed();
    try {
      await Promise.race([
        disturb({ cluster, job, kd, scraper, done, options }),
        endedEarly(kd.ended),
        feeding,
      ]);
      sampler.stop();
      job.endFeeding();
      await feeding;
      const settled = (): number =>
        scraper.of('kd_records_settled_total{outcome="transformed",code=""}') ?? 0;
      say(`${job.fed} records were written; waiting until they are settled`);
      await eventually('all is settled', () => settled() >= job.fed, CATCH_UP_MS);
    } catch (error) {
      say(kd.stderr.slice(-4_000));
      throw error;
    } finally {
      sampler.stop();
      scraper.stop();
      kd.kill('SIGTERM');
    }
    const { code, stderr } = await kd.ended;
    writeFileSync(join(options.out, 'kd.log'), stderr);
    say('both topics are read again');
    const compared = (topic: string): Promise<VerifyResult> =>
      cluster.tool.verify({
        topics: [topic],
        recipe: job.written,
        compare: 'id',
        samePartition: true,
        timeoutMs: VERIFY_MS,
      });
    const [input, output] = [await compared(job.input), await compared(job.output)];
    const receipt = await runKd(['verify', '-c', 'kd.yml', job.receipt], {
      cwd: folder,
      timeoutMs: VERIFY_MS,
    });
    const { scrapes, failures, slowestMs } = scraper;
    return {
      options,
      done,
      exitCode: code,
      fed: job.fed,
      input,
      output,
      receipt: { code: receipt.code, text: receipt.stdout },
      scrapes: { count: scrapes, failures, slowestMs },
      samples: sampler.all,
      findings: findingsOf(sampler.all, options),
    };
  });
}

async function endedEarly(ended: Promise<{ readonly code: number | null }>): Promise<never> {
  const { code } = await ended;
  throw new Error(`kd ended early, with ${code}`);
}

const options = soakOptions(process.env);
await mkdir(options.out, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'kd-soak-'));
try {
  const account = await soak(options, folder);
  const isWell = await writeReport(account);
  process.exitCode = isWell ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
