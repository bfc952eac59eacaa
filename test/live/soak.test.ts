import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runSoak } from '../bench/soak-run.ts';

describe(
  'a short soak',
  {
    skip:
      process.platform === 'linux'
        ? false
        : 'processes are counted in /proc, which is there on Linux only',
  },
  () => {
    it('brings feeds back each time their source is killed and restarted, over a bad network, and leaves no process', async () => {
      const { rounds, samples, relayed, childrenAtEnd } = await runSoak({
        seconds: 26,
        roundSeconds: 10,
        gone: [1, 2],
      });
      assert.ok(rounds.length >= 2);
      assert.deepEqual(
        rounds.filter(({ back }) => back === null),
        [],
      );
      assert.ok(relayed.dropped > 0 && relayed.corrupted > 0);
      const { feeds } = samples.at(-1)!;
      assert.deepEqual(
        feeds.map(({ name, inferenceErrors }) => [name, inferenceErrors]),
        feeds.map(({ name }) => [name, 0]),
      );
      assert.ok(
        samples.every(({ children }) => children <= feeds.length),
        'one ffmpeg a feed',
      );
      assert.equal(childrenAtEnd, 0);
    });
  },
);
