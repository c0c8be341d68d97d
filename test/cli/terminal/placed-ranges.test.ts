import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePlaced } from '../../../src/cli/terminal/placed-ranges.js';

test('a time in the future is said to be the end of now', () => {
  const lines = describePlaced([], {
    from: { kind: 'time', timestampMs: Date.UTC(2020, 0, 1) },
    until: { kind: 'time', timestampMs: Date.now() + 3_600_000 },
    appendTimeTopics: [],
  });
  assert.match(
    lines.join('\n'),
    /^from 2020-01-01T00:00:00.000Z, until \S+ \(in the future: the end of now; /,
  );
});
