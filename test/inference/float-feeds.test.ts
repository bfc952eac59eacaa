import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkerPool } from '../../server/inference/worker-pool.ts';
import { Network } from '../support/network.ts';

test('float32 inputs reach the network as they are, each with its own frame, also when batches differ in size', async () => {
  const network = new Network();
  const x = network.input('x', ['N', 3]);
  const bytes = network.node('Cast', [network.input('b', ['N', 3], 2)], { to: 1 });
  network.node('Add', [x, bytes], {}, 'y');
  const link = {
    model: network.bytes([{ name: 'y', type: 1, shape: ['N', 3] }]),
    source: 'adding',
    feeds: [
      { name: 'b', from: 'call', input: 0, dims: [3] },
      { name: 'x', from: 'call', input: 1, dims: [3], type: 'float32' },
    ],
  } as const;
  const pool = await WorkerPool.start(
    {
      chain: { links: [link], results: [{ link: 0, output: 'y' }], inputBytes: [3, 12] },
      provider: 'cpu',
      threads: 1,
      maxBatch: 4,
    },
    1,
  );
  try {
    for (const count of [1, 4, 3, 10]) {
      const results = await Promise.all(
        Array.from({ length: count }, (_, frame) =>
          pool.run(
            [
              Uint8Array.of(1, 2, 3),
              new Uint8Array(Float32Array.of(frame + 0.5, -1e-7, 1e9).buffer),
            ],
            false,
          ),
        ),
      );
      results.forEach(([y], frame) =>
        assert.deepEqual(y, Float32Array.of(frame + 1.5, 2 - 1e-7, 1e9 + 3)),
      );
    }
  } finally {
    await pool.close();
  }
});
