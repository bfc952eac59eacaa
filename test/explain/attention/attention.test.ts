import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compile } from '../../../server/explain/compile.ts';
import { attributes } from '../../../server/onnx/attributes.ts';
import { tensorNumbers } from '../../../server/onnx/tensor.ts';
import { Network, randomNumbers } from '../../support/network.ts';
import { floats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';
import { matrix, SlowRelevance, type Matrix } from './slow-relevance.ts';
import { PICTURE, Transformer, type TransformerForm } from './transformer.ts';

const random = randomNumbers(12);
const pictures = [0, 1].map(() =>
  Array.from({ length: PICTURE[0] * PICTURE[1] * PICTURE[2] }, () => Math.fround(random(-1, 1))),
);

const forms: Readonly<Record<string, TransformerForm>> = {
  'written out, operator set 13': { opset: 13, classToken: true, attention: 'written out' },
  'with its norms as operators': { opset: 17, classToken: true, attention: 'written out' },
  'that takes the mean of all tokens': { opset: 13, classToken: false, attention: 'written out' },
  'with attention as one operator': { opset: 23, classToken: true, attention: 'operator' },
  'with attention as one operator, for any batch': {
    opset: 23,
    classToken: false,
    attention: 'operator',
    batch: 'N',
  },
};

describe('AttnLRP', () => {
  for (const [title, form] of Object.entries(forms)) {
    it(`of a transformer ${title} equals the slow version, and nothing is lost`, async () => {
      const transformer = new Transformer(form);
      const compiled = compile(transformer.model, [{ id: 'attnlrp' }]);
      const together = form.batch === 'N' ? pictures : pictures.slice(0, 1);
      const { explanation, steering } = await runNetwork(compiled, {
        image: floats([together.length, ...PICTURE], together.flat()),
      });
      together.forEach((picture, index) => {
        const slow = transformer.explain(picture);
        assert.ok(Math.abs(steering!.data[index]! - slow.answer) < 1e-5);
        const map = explanation!.data.slice(index * picture.length, (index + 1) * picture.length);
        const error = relativeError(map, slow.relevance);
        assert.ok(error < 1e-3, `it differs by ${error}`);
        const sum = map.reduce((all, value) => all + value, 0);
        assert.ok(
          Math.abs(sum + slow.absorbed - slow.answer) < 0.01 * Math.abs(slow.answer),
          `${sum} and ${slow.absorbed} of constants are not ${slow.answer}`,
        );
      });
    });
  }

  it('is refused without attention, with what to choose instead', () => {
    const network = new Network();
    network.steering(
      network.convolution(
        network.input('image', ['N', 2, 6, 6]),
        { from: 2, to: 3 },
        { kernel: [3, 3] },
      ),
      48,
    );
    for (const id of ['attnlrp', 'attention-rollout'])
      assert.throws(() => compile(network.model(['steering']), [{ id }]), {
        code: 'METHOD_UNSUITED',
        message: /no attention between the picture of test.onnx and its answer/,
      });
  });
});

describe('attention rollout', () => {
  for (const [title, form] of Object.entries(forms)) {
    it(`of a transformer ${title} equals the slow version`, async () => {
      const transformer = new Transformer(form);
      const compiled = compile(transformer.model, [{ id: 'attention-rollout' }]);
      const together = form.batch === 'N' ? pictures : pictures.slice(0, 1);
      const { explanation } = await runNetwork(compiled, {
        image: floats([together.length, ...PICTURE], together.flat()),
      });
      assert.deepEqual(explanation!.dims, [together.length, 1, 2, 3]);
      const count = transformer.tokens;
      together.forEach((picture, index) => {
        const { shares } = transformer.explain(picture);
        // Ã of all layers, token by token.
        let rolled = Array.from({ length: count }, (_, row) =>
          Array.from({ length: count }, (__, column): number => (row === column ? 1 : 0)),
        );
        for (const heads of shares) {
          const own = Array.from({ length: count }, (_, row) =>
            Array.from({ length: count }, (__, column) => {
              const mean =
                heads.reduce((sum, { data }) => sum + data[row * count + column]!, 0) /
                heads.length;
              return (mean + (row === column ? 1 : 0)) / 2;
            }),
          );
          rolled = own.map((row) =>
            rolled[0]!.map((_, column) =>
              row.reduce((sum, value, at) => sum + value * rolled[at]![column]!, 0),
            ),
          );
        }
        const expected = form.classToken
          ? rolled[0]!.slice(1)
          : rolled[0]!.map(
              (_, column) => rolled.reduce((sum, row) => sum + row[column]!, 0) / count,
            );
        assert.ok(
          relativeError(explanation!.data.slice(index * 6, (index + 1) * 6), expected) < 1e-5,
        );
      });
    });
  }

  it('is refused where attention runs within windows', () => {
    const network = new Network();
    const image = network.input('image', ['N', 2, 4, 4]);
    // Four windows of two tokens.
    const windows = network.node('Reshape', [image, network.ints(-1, 1, 2, 4)]);
    const scores = network.node('MatMul', [
      windows,
      network.node('Transpose', [windows], { perm: [0, 1, 3, 2] }),
    ]);
    const read = network.node('MatMul', [network.node('Softmax', [scores]), windows]);
    network.steering(network.node('Reshape', [read, network.ints(-1, 32)]), 32);
    assert.throws(() => compile(network.model(['steering']), [{ id: 'attention-rollout' }]), {
      code: 'METHOD_UNSUITED',
    });
  });
});

describe('relevance through the gates of an LSTM', () => {
  const [STEPS, INPUTS, HIDDEN] = [3, 4, 2];

  it('goes to what the gates let through, as in the slow version (Arras et al. 2017)', async () => {
    const network = new Network({ opset: 14, seed: 21 });
    const image = network.input('image', [1, 1, STEPS, INPUTS]);
    const numbers = (name: string) => tensorNumbers(network.initializers.get(name)!);
    const [input, recurrence, bias, head] = [
      network.floats([1, 4 * HIDDEN, INPUTS], -1, 1),
      network.floats([1, 4 * HIDDEN, HIDDEN], -1, 1),
      network.floats([1, 8 * HIDDEN]),
      network.floats([HIDDEN, 1], -1, 1),
    ] as const;
    const steps = network.node('Reshape', [image, network.ints(STEPS, 1, INPUTS)]);
    network.nodeOf('LSTM', [steps, input, recurrence, bias], attributes({ hidden_size: HIDDEN }), [
      'all',
      'last',
    ]);
    network.node(
      'MatMul',
      [network.node('Reshape', ['last', network.ints(1, HIDDEN)]), head],
      {},
      'steering',
    );
    const compiled = compile(network.model([{ name: 'steering', type: 1, shape: [1, 1] }]), [
      { id: 'lrp-epsilon' },
    ]);
    const picture = pictures[0]!.slice(0, STEPS * INPUTS);
    const { explanation } = await runNetwork(compiled, {
      image: floats([1, 1, STEPS, INPUTS], picture),
    });

    const slow = new SlowRelevance();
    const pixels = matrix(1, picture.length, picture);
    const gateOf = (list: readonly number[], gate: number, columns: number) =>
      matrix(
        columns,
        HIDDEN,
        Array.from(
          { length: columns * HIDDEN },
          (_, at) => list[(gate * HIDDEN + (at % HIDDEN)) * columns + Math.floor(at / HIDDEN)]!,
        ),
      );
    const biasOf = (gate: number) =>
      Array.from(
        { length: HIDDEN },
        (_, at) => numbers(bias)[gate * HIDDEN + at]! + numbers(bias)[(4 + gate) * HIDDEN + at]!,
      );
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    let hidden: Matrix | null = null;
    let cell: Matrix | null = null;
    for (let step = 0; step < STEPS; step++) {
      const x = slow.moved(pixels, 1, INPUTS, (_, column) => step * INPUTS + column);
      const sum = (gate: number): Matrix => {
        const read = slow.linear(x, gateOf(numbers(input), gate, INPUTS), biasOf(gate));
        return hidden
          ? slow.add(read, slow.linear(hidden, gateOf(numbers(recurrence), gate, HIDDEN), null))
          : read;
      };
      const [entering, leaving, kept] = [0, 1, 2].map((gate) => slow.bent(sum(gate), sigmoid)) as [
        Matrix,
        Matrix,
        Matrix,
      ];
      const added = slow.gated(entering, slow.bent(sum(3), Math.tanh));
      cell = cell ? slow.add(slow.gated(kept, cell), added) : added;
      hidden = slow.gated(leaving, slow.bent(cell, Math.tanh));
    }
    slow.handBack(slow.linear(hidden!, matrix(HIDDEN, 1, numbers(head)), null), 0);
    const error = relativeError(explanation!.data, pixels.relevance);
    assert.ok(error < 1e-4, `it differs by ${error}`);
    // Steps before the last one have their part through what is remembered.
    assert.ok(pixels.relevance.slice(0, INPUTS).some((part) => Math.abs(part) > 1e-4));
  });
});
