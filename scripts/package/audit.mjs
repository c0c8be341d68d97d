// npm audit of what ships. Known faults of grade high or critical stop a release. Where the registry gives no
// answer, a build goes on and says so; with AUDIT=required it does not.
import { attempt, fail, say } from './tools.mjs';

const GRADES = ['high', 'critical'];

export function audit() {
  const { stdout, stderr } = attempt('npm', ['audit', '--omit=dev', '--json']);
  const report = parse(stdout);
  const counts = report?.metadata?.vulnerabilities;
  if (counts === undefined) {
    const why = report?.message ?? stderr.trim().split('\n')[0];
    if (process.env.AUDIT === 'required') fail(`npm audit has no answer: ${why}`);
    say(`NOT AUDITED: ${why}. For a release: AUDIT=required make package`);
    return false;
  }
  const bad = GRADES.filter((grade) => counts[grade] > 0);
  if (bad.length > 0)
    fail(
      `npm audit: ${bad.map((grade) => `${counts[grade]} ${grade}`).join(', ')}. ` +
        'See npm audit --omit=dev; update what it names, then make package again.',
    );
  say(`npm audit: ${counts.total} known faults, none of them high or critical`);
  return true;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
