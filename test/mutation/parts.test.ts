import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '../support/paths.ts';
import { isIn, markRan, rangesOf } from './covered-ranges.ts';
import type { TestCoverage } from './coverage.ts';
import { isMeaningless, MEANINGLESS } from './meaningless.ts';
import type { Mutant } from './mutants.ts';
import { circlesAround, importsIn, planOf } from './plan.ts';
import { withBefore } from './results.ts';
import { cpuOf } from './run-test.ts';
import { drawOrder, sharesOf } from './sample.ts';
import type { Outcome } from './try-mutant.ts';

function mutant(file: string, key: string): Mutant {
  const place = { line: 1, text: 'a < b', start: 0, end: 5, original: 'a < b' };
  return { key, file, mutator: 'EqualityOperator', replacement: 'a <= b', ...place };
}

test('what ran is the innermost range of a report, in any report', () => {
  const ran = new Uint8Array(12);
  const range = (startOffset: number, endOffset: number, count: number) => ({
    startOffset,
    endOffset,
    count,
  });
  markRan(ran, {
    url: '',
    functions: [
      { ranges: [range(0, 12, 1)] },
      { ranges: [range(2, 9, 3), range(4, 6, 0), range(5, 6, 1)] },
      { ranges: [range(10, 12, 0)] },
    ],
  });
  assert.deepEqual(rangesOf(ran), [0, 4, 5, 10]);
  markRan(ran, { url: '', functions: [{ ranges: [range(0, 12, 0), range(11, 12, 1)] }] });
  assert.deepEqual(rangesOf(ran), [0, 4, 5, 10, 11, 12]);
  assert.deepEqual(
    [0, 3, 4, 5, 9, 10, 11, 12].map((offset) => isIn(rangesOf(ran), offset)),
    [true, true, false, true, true, false, true, false],
  );
});

test('tests that reach a place run by price, within limits, and one in any case', () => {
  const covering = (test: string, cpu: number, ranges = [0, 9], digest = 'now'): TestCoverage => ({
    test,
    end: 'passed',
    seconds: 9 - cpu,
    cpu,
    digest: '',
    ran: { 'server/results/png.js': { digest, ranges } },
  });
  const coverage = [
    covering('other', 3),
    covering('cheap', 2),
    covering('elsewhere', 1, [0, 4]),
    covering('before', 4, [0, 4], 'before'),
    { ...covering('broken', 1), end: 'failed' as const },
  ];
  const place = { file: 'server/results/png.js', digest: 'now', offset: 4 };
  const plan = (tests: number, seconds: number) => {
    const { tests: chosen, reaching } = planOf(coverage, place, { tests, seconds });
    return [chosen.map(({ test }) => test), reaching];
  };
  assert.deepEqual(plan(9, 99), [['cheap', 'other', 'before'], 3]);
  assert.deepEqual(plan(2, 99), [['cheap', 'other'], 3]);
  assert.deepEqual(plan(9, 5), [['cheap', 'other'], 3]);
  assert.deepEqual(plan(9, 1), [['cheap'], 3]);
  const elsewhere = planOf(
    coverage,
    { ...place, file: 'server/none.js' },
    { tests: 1, seconds: 1 },
  );
  assert.deepEqual(elsewhere, { tests: [], reaching: 0 });
});

test('tests of the same name are nearest, or the few that import the file, then those of the folder', () => {
  const file = 'server/results/image/png.js';
  const code = "import { png } from '../../server/results/image/png.js';\nimport 'node:test';\n";
  assert.deepEqual(importsIn('test/cli/analyze.test.js', code), [file]);
  const test = (name: string, imported = '') => ({
    test: `test/${name}.test.js`,
    imported: [imported],
  });
  const folder = [test('results/image/parts'), test('results/other')];
  const others = [test('elsewhere/more'), test('client/panes')];
  const names = (tests: readonly { test: string }[]) => tests.map(({ test }) => test);
  const named = test('elsewhere/png');
  const importing = Array.from({ length: 5 }, (_, index) => test(`cli/${index}`, file));
  const around = (...tests: (typeof folder)[number][]) =>
    circlesAround(file, [...tests, ...others, ...folder]);
  assert.deepEqual(around(named, importing[0]!), [
    names([named]),
    names([importing[0]!, ...folder]),
    names(others),
  ]);
  assert.deepEqual(around(...importing.slice(1))[0], names(importing.slice(1)));
  assert.deepEqual(around(...importing), [[], names([...importing, ...folder]), names(others)]);
  assert.deepEqual(circlesAround('client/state/panes.svelte.js', others), [
    ['test/client/panes.test.js'],
    [],
    ['test/elsewhere/more.test.js'],
  ]);
  assert.deepEqual(circlesAround('client/state/x.js', others)[1], ['test/client/panes.test.js']);
});

test('farther tests add to what nearer ones said', () => {
  const result = (outcome: Outcome, circle: number, tests: number) => ({
    ...{ key: 'a', file: 'shared/flags.ts', line: 1, mutator: 'Number' },
    ...{ outcome, circle, tests, reaching: tests, seconds: 1 },
  });
  const both = (before: Outcome, after: Outcome) =>
    withBefore(result(before, 0, 1), result(after, 1, 2)).outcome;
  assert.equal(both('survived', 'unreached'), 'survived');
  assert.equal(both('unreached', 'survived'), 'survived');
  assert.equal(both('undecided', 'survived'), 'undecided');
  assert.equal(both('undecided', 'noticed'), 'noticed');
  assert.deepEqual(withBefore(result('survived', 0, 1), result('survived', 1, 2)), {
    ...result('survived', 1, 3),
    seconds: 2,
  });
  assert.deepEqual(
    withBefore(result('survived', 2, 9), result('unreached', 0, 0)),
    result('unreached', 0, 0),
  );
});

test('the time of a shell is that of its children and its own', () => {
  assert.equal(cpuOf('0m0.25s 0m0.50s\n1m2.00s 0m3.25s\n'), 66);
  assert.equal(cpuOf(''), 0);
});

test('each folder is drawn by its size, a small one too, and none twice', () => {
  const counts = new Map([
    ['server/onnx', 900],
    ['server/alerts', 95],
    ['shared', 5],
  ]);
  assert.deepEqual(Object.fromEntries(sharesOf(counts, 200)), {
    'server/onnx': 180,
    'server/alerts': 19,
    shared: 5,
  });
  assert.equal(sharesOf(counts, 10).get('server/alerts'), 8);
});

test('the order is the same in every run, another with another seed, and stays when code is added', () => {
  const mutants = Array.from({ length: 20 }, (_, index) => mutant('shared/flags.ts', `${index}`));
  const order = (seed: number, of = mutants) =>
    drawOrder(of, seed)
      .get('shared')!
      .map(({ key }) => key);
  assert.deepEqual(order(1), order(1, [...mutants].reverse()));
  assert.notDeepEqual(order(1), order(2));
  const more = [...mutants, mutant('shared/flags.ts', 'new'), mutant('server/api/serve.ts', 'x')];
  assert.deepEqual(
    order(1, more).filter((key) => key !== 'new'),
    order(1),
  );
});

test('every change that is named as meaningless is of a line that is there', () => {
  for (const { file, line, original, replacement, why } of MEANINGLESS) {
    const lines = readFileSync(join(repositoryRoot, file), 'utf8').split('\n');
    assert.ok(
      lines.some((text) => text.trim() === line),
      `${file} has no line "${line}"`,
    );
    assert.ok(why.length > 0 && replacement !== original);
  }
  assert.ok(!isMeaningless(mutant('server/nothing.ts', '')));
});
