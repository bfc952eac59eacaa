import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree } from '../../server/inference/provider-agreement.ts';
import type { SessionChain } from '../../server/inference/session-chain.ts';
import { WorkerPool } from '../../server/inference/worker-pool.ts';
import { floatTensor } from '../../server/onnx/tensor.ts';
import { Network } from '../support/network.ts';

/**
 * Two results of eight values of a frame: one that all have in common, and `change` of the mean, in
 * float32.
 */
function chainOf(
  type: 'uint8' | 'float32',
  change: (network: Network, mean: string) => string,
): SessionChain {
  const network = new Network();
  const x = network.input('x', ['N', 8], type === 'uint8' ? 2 : 1);
  const values = type === 'uint8' ? network.node('Cast', [x], { to: 1 }) : x;
  network.node('Sqrt', [values], {}, 'same');
  network.node(
    'Identity',
    [change(network, network.node('ReduceMean', [values], { axes: [1], keepdims: 1 }))],
    {},
    'mean',
  );
  const model = network.bytes([
    { name: 'same', type: 1, shape: ['N', 8] },
    { name: 'mean', type: 1, shape: ['N', 1] },
  ]);
  return {
    links: [
      { model, source: 'small', feeds: [{ name: 'x', from: 'call', input: 0, dims: [8], type }] },
    ],
    results: [
      { link: 0, output: 'same' },
      { link: 0, output: 'mean' },
    ],
    inputBytes: [type === 'uint8' ? 8 : 32],
  };
}

const times = (factor: number) => (network: Network, mean: string) =>
  network.node('Mul', [mean, network.constant(floatTensor([], [factor]))]);
/** Right for one frame, wrong for all but the first of a batch. */
const firstOfBatch = (network: Network, mean: string) =>
  network.node('Add', [
    network.node('Mul', [mean, network.constant(floatTensor([], [0]))]),
    network.node('ReduceMax', [mean], { axes: [0], keepdims: 1 }),
  ]);

test('results that are no numbers anywhere are the same', async () => {
  const chain = chainOf('uint8', times(NaN));
  const [one, other] = await Promise.all(
    [1, 2].map(() => WorkerPool.start({ chain, provider: 'cpu', threads: 1, maxBatch: 8 }, 1)),
  );
  try {
    assert.ok(await agree(one!, other!, chain, 8));
  } finally {
    await Promise.all([one!.close(), other!.close()]);
  }
});

for (const type of ['uint8', 'float32'] as const) {
  for (const [name, change, batch, expected] of [
    ['the same', times(1), 8, true],
    ['the same but for rounding', times(1.001), 8, true],
    ['one result otherwise', times(1.3), 8, false],
    ['no numbers', times(NaN), 8, false],
    ['infinity', times(Infinity), 8, false],
    ['batches otherwise', firstOfBatch, 8, false],
    ['batches otherwise, asked for one frame', firstOfBatch, 1, true],
  ] as const) {
    test(`a provider that computes ${name} of ${type} ${expected ? 'agrees' : 'does not agree'} with the CPU`, async () => {
      const start = (by: Parameters<typeof chainOf>[1]) =>
        WorkerPool.start({ chain: chainOf(type, by), provider: 'cpu', threads: 1, maxBatch: 8 }, 1);
      const [one, other] = await Promise.all([start(change), start(times(1))]);
      try {
        assert.equal(await agree(one, other, chainOf(type, times(1)), batch), expected);
      } finally {
        await Promise.all([one.close(), other.close()]);
      }
    });
  }
}
