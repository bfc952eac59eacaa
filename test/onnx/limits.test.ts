import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import { compile } from '../../server/explain/compile.ts';
import { compiledMethods } from '../../server/explain/methods.ts';
import { checkDemand, demandOf } from '../../server/onnx/demand.ts';
import { inferShapes } from '../../server/onnx/infer-shapes.ts';
import { inBytes, inDigits } from '../../server/onnx/limits.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { greedyNetworks } from '../support/greedy-networks.ts';
import { Network } from '../support/network.ts';
import { sharedFolder } from '../support/paths.ts';

/** The error of everything that happens before a network runs; null where it is explained. */
function refusal(bytes: Uint8Array, source: string, id: string): RoadgazeError | null {
  try {
    writeModel(compile(readModel(bytes, source), [{ id }]));
    return null;
  } catch (error) {
    assert.ok(
      error instanceof RoadgazeError,
      `not a plain error: ${error instanceof Error ? error.stack : String(error)}`,
    );
    return error;
  }
}

for (const [what, { bytes, code, words }] of Object.entries(greedyNetworks)) {
  test(`a network with ${what} is refused with its figure`, () => {
    const error = refusal(bytes(), 'greedy.onnx', 'gradient');
    assert.ok(error, 'it was explained');
    assert.match(error.message, words);
    assert.equal(error.code, code);
    assert.match(error.message, /^[^\n]+\.$/);
    assert.match(error.message, /greedy\.onnx/);
    assert.doesNotMatch(error.message, /NaN|undefined|Infinity/);
  });
}

test(
  'every hostile file is explained or refused in one sentence by every method',
  { skip: sharedFolder ? false : 'the shared networks are not here' },
  () => {
    const folder = join(sharedFolder!, 'real', 'hostile');
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.onnx'))) {
      // Weights beside a model are for `loadModel`.
      if (name.startsWith('ext')) continue;
      const bytes = readFileSync(join(folder, name));
      for (const { id } of compiledMethods) {
        const error = refusal(bytes, name, id);
        if (error) assert.match(error.message, /^[^\n]+\.$/, `${name}, ${id}`);
      }
    }
  },
);

test('what is alive at once is counted at the fullest node, with memory that a node shares or writes over', () => {
  const network = new Network();
  // 3 MB, 16 MB, the same 16 MB, the same, then 8 MB beside them.
  const image = network.input('image', ['N', 3, 500, 500]);
  const value = network.node('Relu', [
    network.convolution(image, { from: 3, to: 16 }, { kernel: [1, 1] }),
  ]);
  const flat = network.node('Flatten', [value]);
  network.node('Gemm', [flat, network.floats([16 * 250_000, 1])], {}, 'steering');
  const model = network.model(['steering']);
  const { liveBytes, products } = demandOf(model, inferShapes(model));
  assert.equal(liveBytes, 4 * 500 * 500 * (3 + 16) + 4);
  assert.equal(products, 500 * 500 * 16 * (3 + 50 + 50 + 1) + 50);
});

test('networks as large as people have are within the limits', () => {
  const network = new Network();
  let value = network.input('image', ['N', 3, 720, 1280]);
  let from = 3;
  // VGG-16 without its head, weights left out of the file.
  for (const stage of [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [512, 512, 512],
  ]) {
    for (const to of stage) {
      const weights = network.node('ConstantOfShape', [network.ints(to, from, 3, 3)]);
      value = network.node('Relu', [
        network.node('Conv', [value, weights], { pads: [1, 1, 1, 1] }),
      ]);
      from = to;
    }
    value = network.node('MaxPool', [value], { kernel_shape: [2, 2], strides: [2, 2] });
  }
  network.node(
    'Gemm',
    [
      network.node('Flatten', [network.node('GlobalAveragePool', [value])]),
      network.floats([512, 1]),
    ],
    {},
    'steering',
  );
  const model = network.model(['steering']);
  checkDemand(model, inferShapes(model));
});

test('bytes are told with two figures', () => {
  assert.deepEqual([0, 999, 1000, 12_345, 537e6, 2 ** 40, 1e30].map(inBytes), [
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '12 kB',
    '537 MB',
    '1.1 TB',
    'over 1000 EB',
  ]);
});

test('numbers are told digit by digit up to ten million, and then with two figures', () => {
  assert.deepEqual([0, 12_345, 9_999_999, 1e7, 1.26e12, Infinity].map(inDigits), [
    '0',
    '12345',
    '9999999',
    '1.0e7',
    '1.3e12',
    'Infinity',
  ]);
});
