import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { visible, visibleLines } from '../../src/core/visible.js';

test('visible text never moves a cursor, changes a color, or begins a line of its own', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const shown = visible(text);
      assert.equal(shown.split(/[\n\r\u0085\u2028\u2029]/).length, 1);
      assert.equal(stripVTControlCharacters(shown), shown);
      assert.ok(!/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(shown));
    }),
  );
});

test('letters of any script, emoji and symbols stay as they are', () => {
  for (const text of ['Ünïcödé', '注文-イベント', 'заказы', 'שלום', '👩‍👩‍👧 ok', 'a⏎b', '\\u001b', ''])
    assert.equal(visible(text), text);
});

test('what is hidden is shown by its code, so that a person can search for it', () => {
  assert.equal(visible('a\u001b[31mb'), 'a\\u001b[31mb');
  assert.equal(visible('a\u009b2Jb\u007f'), 'a\\u009b2Jb\\u007f');
  assert.equal(visible('one\ntwo\r'), 'one⏎two\\u000d');
  assert.equal(visible('invoice\u202efdp.exe'), 'invoice\\u202efdp.exe');
});

test('an excerpt of code keeps its lines and tabs, and nothing else', () => {
  assert.equal(visibleLines('if (a)\r\n\tb();\n'), 'if (a)\n\tb();\n');
  assert.equal(visibleLines('a\u001b[2J\rb'), 'a\\u001b[2J\\u000db');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      assert.ok(!/[^\P{Cc}\n\t]/u.test(visibleLines(text)));
    }),
  );
});
