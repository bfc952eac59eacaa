import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { analysisKey } from '../../server/analysis/analysis-key.ts';
import { FlagChecks, type Verify } from '../../server/analysis/flag-checks.ts';
import { KeptAnalyses, type KeptAnalysis } from '../../server/analysis/kept-analyses.ts';
import { Progress } from '../../server/analysis/progress.ts';
import type { RoadSpecification } from '../../server/attention/road-specification.ts';
import type { Recording } from '../../server/drive/recording.ts';
import type { DriveSource } from '../../server/drive/source.ts';
import type { CausalCheck, Flag } from '../../shared/flags.ts';
import { temporaryFolder } from '../support/paths.ts';

test('progress is of the last two seconds of work, and tells what is left by it', (t) => {
  let now = 5000;
  t.mock.method(performance, 'now', () => now);
  const progress = new Progress();
  const at = (time: number, done: number): number => {
    now = 5000 + time;
    progress.advance(done);
    return progress.framesPerSecond;
  };
  assert.equal(progress.secondsLeft(0, 10), null);
  assert.equal(at(99, 50), 0, 'too soon to say');
  assert.equal(at(100, 50), 500);
  assert.equal(progress.secondsLeft(50, 1050), 2);
  assert.equal(progress.secondsLeft(50, 40), 0);
  assert.equal(at(2000, 150), 75);
  assert.equal(at(2050, 999), 75);
  // From the second that is as old as that, 100 ms after the begin.
  assert.equal(at(2100, 350), 150);
  // Two are kept however old they are.
  assert.equal(at(9000, 419), 10);
  assert.equal(progress.isComplete, false);
  progress.complete();
  assert.equal(progress.isComplete, true);
  assert.equal(progress.secondsLeft(0, 100), 0);
  assert.equal(progress.framesPerSecond, 10);
});

const flag = (startFrame: number): Flag =>
  ({
    kind: 'attention',
    startFrame,
    endFrame: startFrame + 5,
    worstFrame: startFrame + 1,
  }) as unknown as Flag;
const found = { isConfirmed: true } as CausalCheck;

test('flags are checked one after the other, each once however many ask', async () => {
  const checked: number[] = [];
  const waiting: (() => void)[] = [];
  let begun = (): void => {};
  const verify: Verify = async ({ flags }) => {
    checked.push(flags[0]!.startFrame);
    const end = new Promise<void>((resolve) => waiting.push(resolve));
    begun();
    await end;
    return [flags[0]!.startFrame === 3 ? null : found];
  };
  const nextBegins = () => new Promise<void>((resolve) => (begun = resolve));
  const kept = new Map<string, CausalCheck | null>();
  const checks = new FlagChecks(verify, kept);
  const { signal } = new AbortController();
  let begins = nextBegins();
  const first = checks.check(flag(1), signal, () => {});
  const again = checks.check(flag(1), signal, () => {});
  const other = checks.check(flag(3), signal, () => {});
  await begins;
  assert.deepEqual(checked, [1]);
  begins = nextBegins();
  waiting.shift()!();
  assert.equal(await first, found);
  assert.equal(await again, found);
  await begins;
  assert.deepEqual(checked, [1, 3]);
  // What is known waits for no turn.
  assert.equal(await checks.check(flag(1), signal, () => {}), found);
  waiting.shift()!();
  assert.equal(await other, null);
  assert.equal(await checks.check(flag(3), signal, () => {}), null);
  assert.deepEqual(checked, [1, 3]);
  assert.equal(kept.size, 2);
});

test('who no longer waits for a check leaves its turn to the others', async () => {
  const waiting: (() => void)[] = [];
  const verify: Verify = async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return [found];
  };
  const checks = new FlagChecks(verify, new Map());
  const { signal } = new AbortController();
  const leaving = new AbortController();
  const first = checks.check(flag(1), signal, () => {});
  const second = checks.check(flag(2), leaving.signal, () => {});
  const third = checks.check(flag(3), signal, () => {});
  leaving.abort(new Error('gone'));
  await assert.rejects(second, /gone/);
  await assert.rejects(
    checks.check(flag(4), AbortSignal.abort(new Error('never there')), () => {}),
    /never there/,
  );
  while (waiting.length === 0) await new Promise(setImmediate);
  waiting.shift()!();
  assert.equal(await first, found);
  while (waiting.length === 0) await new Promise(setImmediate);
  waiting.shift()!();
  assert.equal(await third, found);
});

test('an analysis is another one as soon as a network, what is said of it, or the truth changes', async (t) => {
  const folder = temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  const keyWith = (
    road: RoadSpecification,
    drive = { camera: 'front', version: async () => '1' },
  ) =>
    analysisKey(
      {
        recording: { id: 'drive', key: null } as unknown as Recording,
        modelPath: path('net.v2.onnx'),
        road,
        log: {},
        methods: ['gradient'],
      },
      drive as unknown as DriveSource,
    );
  const model = {
    kind: 'model',
    path: path('road.onnx'),
    margin: 0,
  } as unknown as RoadSpecification;
  const truth = {
    kind: 'truth',
    path: path('truth.gz'),
    margin: 0,
  } as unknown as RoadSpecification;
  for (const name of ['net.v2.onnx', 'road.onnx', 'truth.gz']) writeFileSync(path(name), 'a');
  for (const [road, name, isOther] of [
    [model, 'net.v2.onnx', true],
    [model, 'net.v2.json', true],
    [model, 'road.onnx', true],
    [model, 'road.json', true],
    [model, 'truth.gz', false],
    [model, 'net.v2.onnx.json', false],
    [model, 'net.json', false],
    [truth, 'truth.gz', true],
    [truth, 'road.onnx', false],
  ] as const) {
    const before = await keyWith(road);
    assert.equal(await keyWith(road), before);
    appendFileSync(path(name), 'more');
    assert.equal((await keyWith(road)) !== before, isOther, name);
  }
  const before = await keyWith(model);
  assert.notEqual(await keyWith(model, { camera: 'rear', version: async () => '1' }), before);
  assert.notEqual(await keyWith(model, { camera: 'front', version: async () => '2' }), before);
});

test('complete analyses are kept up to 64 MiB, and the one used longest ago leaves first', () => {
  const analysis = (mebibytes: number): KeptAnalysis =>
    ({ rows: { bytes: mebibytes * 2 ** 20 } }) as unknown as KeptAnalysis;
  const kept = new KeptAnalyses();
  const [a, b, c] = [analysis(30), analysis(20), analysis(14)];
  kept.put('a', a);
  kept.put('b', b);
  kept.put('c', c);
  assert.deepEqual([kept.get('b'), kept.get('c'), kept.get('a')], [b, c, a]);
  const d = analysis(1);
  kept.put('d', d);
  assert.deepEqual(
    [kept.get('a'), kept.get('b'), kept.get('c'), kept.get('d')],
    [a, undefined, c, d],
  );
  const other = analysis(49);
  kept.put('a', other);
  assert.deepEqual([kept.get('c'), kept.get('d'), kept.get('a')], [c, d, other], '64 MiB again');
  kept.put('huge', analysis(65));
  assert.deepEqual(
    ['a', 'c', 'd', 'huge'].map((key) => kept.get(key)),
    [undefined, undefined, undefined, undefined],
  );
});
