import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../support/paths.ts';
import { reduceFind, runTarget, type RunResult } from './run-target.ts';
import { corpusOf, targetModule, targetNames } from './targets.ts';

const misbehaving = new URL('./support/misbehaving-target.js', import.meta.url).href;
/**
 * The short form: so many inputs of each target, always the same ones. What costs more has fewer.
 */
const COUNTS: Readonly<Record<string, number>> = {
  onnx: 60,
  bag: 60,
  socket: 12,
  truth: 60,
  'csv-log': 60,
  'road-file': 60,
};

describe('whatever comes from outside is read or refused in plain words', () => {
  for (const name of targetNames) {
    it(`${name}: what went wrong once, and damaged inputs of the same numbers in every run`, async () => {
      const { finds, inputs } = await runTarget({
        module: targetModule(name),
        seed: 1,
        count: COUNTS[name] ?? 400,
        files: corpusOf(name),
        seconds: 240,
      });
      assert.deepEqual(
        finds.map(({ index, text }) => `${index}: ${text}`),
        [],
      );
      assert.ok(inputs >= (COUNTS[name] ?? 400));
    });
  }
});

describe('the fuzzer', () => {
  async function run(
    t: { after(release: () => void): void },
    texts: readonly string[],
  ): Promise<RunResult> {
    const folder = temporaryFolder(t);
    const files = texts.map((text, index) => {
      const path = join(folder, String(index));
      writeFileSync(path, text);
      return path;
    });
    return runTarget({
      module: misbehaving,
      seed: 1,
      count: 3,
      files,
      seconds: 60,
      limits: { hangSeconds: 0.5, mostBytes: 250 * 2 ** 20 },
    });
  }

  const keysOf = ({ finds }: RunResult) =>
    finds.map(({ key, index }) => [index, key.split(' ', 2).join(' ')]);

  it('goes on behind inputs that hang, wait for ever, take too much memory or end the process', async (t) => {
    const result = await run(t, ['ok', 'hang', 'ok', 'wait', 'grow', 'end', 'ok']);
    assert.deepEqual(keysOf(result), [
      [-2, 'hang'],
      [-4, 'hang1'],
      [-5, 'memory'],
      [-6, 'crash'],
    ]);
    assert.equal(Buffer.from(result.finds[2]!.input).toString(), 'grow');
  });

  it('finds what is no plain error, INTERNAL, what fails behind an input, and what is told badly', async (t) => {
    const result = await run(t, ['well', 'bug', 'internal', 'late', 'badly', 'bug']);
    assert.deepEqual(keysOf(result), [
      [-2, 'TypeError a'],
      [-3, 'RoadgazeError It'],
      [-4, 'TypeError a'],
      [-5, 'badly told,'],
    ]);
    assert.equal(result.outcomes.get('LOG_INVALID'), 1);
    assert.equal(result.inputs, 9);
  });

  it('runs the same inputs for the same seed', async () => {
    const [first, second, other] = await Promise.all(
      [7, 7, 8].map((seed) => runTarget({ module: misbehaving, seed, count: 200, seconds: 60 })),
    );
    assert.deepEqual(first!.outcomes, second!.outcomes);
    assert.notDeepEqual(first!.outcomes, other!.outcomes);
  });

  it('makes the input of a find smaller', async () => {
    const [find] = (
      await runTarget({ module: misbehaving, seed: 1, count: 0, files: [], seconds: 1 })
    ).finds;
    assert.equal(find, undefined);
    const input = Buffer.from(`${'a'.repeat(100)}bug${'b'.repeat(50)}`);
    const smaller = await reduceFind(misbehaving, {
      key: 'TypeError a defect ',
      text: '',
      index: 0,
      input,
    });
    assert.equal(Buffer.from(smaller).toString(), 'bug');
  });
});
