import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { attributes, type PlainAttribute } from '../../../server/onnx/attributes.ts';
import type { Attribute } from '../../../server/onnx/graph.ts';
import { inferShapes } from '../../../server/onnx/infer-shapes.ts';
import { writeOutAttention } from '../../../server/onnx/rewrite/attention-operator.ts';
import { withoutControlFlow } from '../../../server/onnx/rewrite/control-flow.ts';
import { withoutFusions } from '../../../server/onnx/rewrite/fused.ts';
import { inPlainForm } from '../../../server/onnx/rewrite/plain-form.ts';
import { unrollRecurrent } from '../../../server/onnx/rewrite/recurrent/unroll-recurrent.ts';
import { overTwoAxes } from '../../../server/onnx/rewrite/two-axes.ts';
import { DataType, floatTensor } from '../../../server/onnx/tensor.ts';
import { Network } from '../../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../../support/onnx-runtime.ts';
import { controlled, graph } from '../../support/subgraph.ts';
import { rewrittenExactly } from './same-outputs.ts';

const forms: Readonly<Record<string, Readonly<Record<string, PlainAttribute>>>> = {
  plain: {},
  'with strides and padding': { strides: [2], pads: [1, 2] },
  dilated: { dilations: [2] },
  SAME: { auto_pad: 'SAME_UPPER', strides: [2] },
};

describe('a window over one axis becomes one over two', () => {
  for (const opset of [9, 13]) {
    for (const [title, plain] of Object.entries(forms)) {
      it(`Conv ${title}, operator set ${opset}`, async () => {
        const network = new Network({ opset, seed: 3 });
        const image = network.input('image', ['N', 4, 19]);
        const weights = network.floats([6, 2, 3]);
        network.node('Conv', [image, weights, network.floats([6])], { ...plain, group: 2 }, 'out');
        const model = network.model(['out']);
        assert.deepEqual(await rewrittenExactly(model, overTwoAxes), [
          'Unsqueeze',
          'Conv',
          'Squeeze',
        ]);
        assert.equal(inferShapes(overTwoAxes(model)).of('out')[1], 6);
      });
    }
  }

  for (const op of ['MaxPool', 'AveragePool', 'LpPool']) {
    it(op, async () => {
      const network = new Network({ seed: 3 });
      const image = network.input('image', ['N', 4, 19]);
      network.node(op, [image], { kernel_shape: [3], strides: [2], pads: [1, 0] }, 'out');
      assert.deepEqual(await rewrittenExactly(network.model(['out']), overTwoAxes), [
        'Unsqueeze',
        op,
        'Squeeze',
      ]);
    });
  }
});

describe('a pooling over the first of three axes', () => {
  it('becomes one over two, as PyTorch writes local response normalisation', async () => {
    const network = new Network({ seed: 3 });
    const image = network.input('image', ['N', 6, 5, 7]);
    const square = network.node('Unsqueeze', [
      network.node('Mul', [image, image]),
      network.ints(1),
    ]);
    const pooled = network.node(
      'AveragePool',
      [network.node('Pad', [square, network.ints(0, 0, 2, 0, 0, 0, 0, 2, 0, 0)])],
      { kernel_shape: [5, 1, 1], strides: [1, 1, 1] },
    );
    network.node('Squeeze', [pooled, network.ints(1)], {}, 'out');
    const model = network.model(['out']);
    const left = await rewrittenExactly(model, inPlainForm);
    assert.ok(left.includes('Reshape'));
    assert.deepEqual(inferShapes(inPlainForm(model)).of('out'), ['N', 6, 5, 7]);
  });

  it('stays where its window is wider', () => {
    const network = new Network({ seed: 3 });
    network.node(
      'AveragePool',
      [network.input('image', ['N', 1, 6, 5, 7])],
      { kernel_shape: [3, 2, 1] },
      'out',
    );
    const model = network.model(['out']);
    assert.equal(overTwoAxes(model), model);
  });
});

interface RecurrentForm {
  readonly plain?: Readonly<Record<string, PlainAttribute>>;
  readonly activations?: readonly string[];
  readonly numbers?: Readonly<Record<string, readonly number[]>>;
  readonly given?: readonly ('bias' | 'lengths' | 'start' | 'peepholes')[];
  readonly opset?: number;
}

const [STEPS, PICTURES, INPUTS, HIDDEN] = [4, 3, 5, 2];

/** One recurrent layer, all of whose outputs are the network's. */
function recurrentNetwork(op: string, { given = [], ...form }: RecurrentForm): Network {
  const network = new Network({ opset: form.opset ?? 14, seed: 5 });
  const isBatchFirst = form.plain?.['layout'] === 1;
  const sequence = isBatchFirst ? ['N', STEPS, INPUTS] : [STEPS, 'N', INPUTS];
  const x = network.input('x', sequence);
  const directions = form.plain?.['direction'] === 'bidirectional' ? 2 : 1;
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op]!;
  const optional = (name: (typeof given)[number], make: () => string) =>
    given.includes(name) ? make() : '';
  const state = (name: string) =>
    network.input(name, isBatchFirst ? ['N', directions, HIDDEN] : [directions, 'N', HIDDEN]);
  const inputs = [
    x,
    network.floats([directions, gates * HIDDEN, INPUTS], -1, 1),
    network.floats([directions, gates * HIDDEN, HIDDEN], -1, 1),
    optional('bias', () => network.floats([directions, 2 * gates * HIDDEN], -1, 1)),
    optional('lengths', () =>
      network.constant({ type: DataType.int32, dims: [3], data: Int32Array.of(2, 4, 1) }),
    ),
    optional('start', () => state('h')),
    ...(op === 'LSTM'
      ? [
          optional('start', () => state('c')),
          optional('peepholes', () => network.floats([directions, 3 * HIDDEN], -1, 1)),
        ]
      : []),
  ];
  network.nodeOf(
    op,
    inputs.slice(0, inputs.findLastIndex((input) => input !== '') + 1),
    new Map<string, Attribute>([
      ...attributes({ hidden_size: HIDDEN, ...form.plain }),
      ...(form.activations
        ? [['activations', { kind: 'strings', value: form.activations }] as const]
        : []),
      ...Object.entries(form.numbers ?? {}).map(
        ([name, value]) => [name, { kind: 'floats', value }] as const,
      ),
    ]),
    ['all', 'last', 'cell'].slice(0, op === 'LSTM' ? 3 : 2),
  );
  return network;
}

const outputsOf = (op: string) => (op === 'LSTM' ? ['all', 'last', 'cell'] : ['all', 'last']);

describe('a recurrent layer is unrolled into operators that give the same', () => {
  const always: readonly (readonly [string, RecurrentForm])[] = [
    ['by itself', {}],
    ['with bias and a first state', { given: ['bias', 'start'] }],
    ['backward in time', { plain: { direction: 'reverse' }, given: ['bias'] }],
    ['in both directions', { plain: { direction: 'bidirectional' }, given: ['bias', 'start'] }],
    ['of sequences of different length', { given: ['bias', 'lengths', 'start'] }],
    [
      'of sequences of different length in both directions',
      { plain: { direction: 'bidirectional' }, given: ['lengths'] },
    ],
    ['within limits', { plain: { clip: { float: 0.3 } }, given: ['bias'] }],
    ['in operator set 7', { given: ['bias', 'start'], opset: 7 }],
    ['in operator set 22', { given: ['bias', 'start'], opset: 22 }],
  ];
  const forms: readonly (readonly [string, string, RecurrentForm])[] = [
    ...['LSTM', 'GRU', 'RNN'].flatMap((op) =>
      always.map(([title, form]) => [op, title, form] as const),
    ),
    ['LSTM', 'with peepholes', { given: ['bias', 'start', 'peepholes'] }],
    ['LSTM', 'with coupled gates', { plain: { input_forget: 1 }, given: ['start'] }],
    [
      'LSTM',
      'with other activations',
      {
        activations: ['HardSigmoid', 'LeakyRelu', 'Softsign'],
        numbers: { activation_alpha: [0.3, 0.1], activation_beta: [0.4] },
        given: ['bias', 'start'],
      },
    ],
    [
      'GRU',
      'that resets what was multiplied',
      { plain: { linear_before_reset: 1 }, given: ['bias', 'start'] },
    ],
    [
      'GRU',
      'that resets what was multiplied, from nothing, in both directions',
      { plain: { linear_before_reset: 1, direction: 'bidirectional' }, given: ['bias'] },
    ],
    [
      'GRU',
      'with other activations',
      {
        activations: ['Sigmoid', 'ScaledTanh'],
        numbers: { activation_alpha: [0.7], activation_beta: [1.3] },
        given: ['start'],
      },
    ],
    ...['Relu', 'Elu', 'ThresholdedRelu', 'Affine', 'Softplus'].map(
      (activation): readonly [string, string, RecurrentForm] => [
        'RNN',
        `with ${activation}`,
        {
          activations: [activation],
          numbers:
            activation === 'Affine'
              ? { activation_alpha: [0.6], activation_beta: [0.2] }
              : { activation_alpha: [0.4] },
          given: ['bias', 'start'],
        },
      ],
    ),
  ];
  for (const [op, title, form] of forms) {
    it(`${op} ${title}`, async () => {
      const model = recurrentNetwork(op, form).model(outputsOf(op));
      const unrolled = unrollRecurrent(model);
      assert.ok(!unrolled.nodes.some((node) => node.op === op));
      const feeds = Object.fromEntries(
        model.inputs.map(({ name, shape }, index) => [
          name,
          randomFloats(
            shape!.map((dim) => (typeof dim === 'number' ? dim : PICTURES)),
            index + 2,
            -2,
            2,
          ),
        ]),
      );
      const [before, after] = [await runNetwork(model, feeds), await runNetwork(unrolled, feeds)];
      for (const output of outputsOf(op)) {
        assert.deepEqual(after[output]!.dims, before[output]!.dims);
        const error = relativeError(after[output]!.data, before[output]!.data);
        assert.ok(error < 2e-6, `${output}: ${error}`);
        // Lengths for three pictures say that there are three.
        if (!form.given?.includes('lengths'))
          assert.deepEqual(inferShapes(unrolled).of(output), inferShapes(model).of(output));
      }
    });
  }

  it('with pictures in front, which ONNX Runtime does not run by itself', async () => {
    const given = ['bias', 'start'] as const;
    const model = recurrentNetwork('LSTM', { plain: { layout: 1 }, given }).model(
      outputsOf('LSTM'),
    );
    const other = recurrentNetwork('LSTM', { given }).model(outputsOf('LSTM'));
    const [x, h, c] = [
      [STEPS, PICTURES, INPUTS],
      [1, PICTURES, HIDDEN],
      [1, PICTURES, HIDDEN],
    ].map((dims, index) => randomFloats(dims, index + 1, -1, 1));
    const turned = (tensor: { dims: readonly number[]; data: ArrayLike<number> }) => {
      const [a, b, ...rest] = tensor.dims as [number, number, ...number[]];
      const size = rest.reduce((all, dim) => all * dim, 1);
      const values = Array.from(tensor.data);
      return floatTensor(
        [b, a, ...rest],
        Array.from({ length: a * b * size }, (_, at) => {
          const [row, column] = [Math.floor(at / size / a), Math.floor(at / size) % a];
          return values[(column * b + row) * size + (at % size)]!;
        }),
      );
    };
    const asFeed = (tensor: Parameters<typeof turned>[0]) => {
      const { dims, data } = turned(tensor);
      return new Tensor('float32', data as Float32Array, [...dims]);
    };
    const before = await runNetwork(other, { x: x!, h: h!, c: c! });
    const after = await runNetwork(unrollRecurrent(model), {
      x: asFeed(x as never),
      h: asFeed(h as never),
      c: asFeed(c as never),
    });
    for (const output of ['last', 'cell'])
      assert.ok(
        relativeError(after[output]!.data, turned(before[output]!).data as Float32Array) < 2e-6,
      );
    // [pictures, steps, directions, …] and [steps, directions, pictures, …], of one direction.
    assert.ok(
      relativeError(
        after['all']!.data,
        turned({ data: before['all']!.data, dims: [STEPS, PICTURES, HIDDEN] }).data as Float32Array,
      ) < 2e-6,
    );
    assert.deepEqual(after['all']!.dims, [PICTURES, STEPS, 1, HIDDEN]);
  });
});

describe('Attention is written out as operators that give the same', () => {
  const forms: Readonly<Record<string, Readonly<Record<string, PlainAttribute>>>> = {
    'with as many keys as queries': { q_num_heads: 2, kv_num_heads: 2 },
    'with shared keys': { q_num_heads: 4, kv_num_heads: 2 },
    'of what came before': { q_num_heads: 2, kv_num_heads: 2, is_causal: 1 },
    'with a scale of its own': { q_num_heads: 2, kv_num_heads: 2, scale: { float: 0.3 } },
    'capped, with a mask': { q_num_heads: 2, kv_num_heads: 2, softcap: { float: 0.4 } },
    'with heads on an axis of their own': {},
  };
  for (const [title, plain] of Object.entries(forms)) {
    it(title, async () => {
      const network = new Network({ opset: 23, seed: 4 });
      const [queries, keys] = [
        Number(plain['q_num_heads'] ?? 3),
        Number(plain['kv_num_heads'] ?? 3),
      ];
      const value = (name: string, tokens: number, heads: number, size: number) =>
        network.input(
          name,
          title.includes('axis') ? ['N', heads, tokens, size] : ['N', tokens, heads * size],
        );
      const inputs = [value('q', 5, queries, 3), value('k', 6, keys, 3), value('v', 6, keys, 2)];
      if (title.includes('mask')) inputs.push(network.floats([5, 6], -1, 1));
      network.node('Attention', inputs, plain, 'out');
      const model = network.model(['out']);
      const operators = await rewrittenExactly(model, writeOutAttention, 2);
      assert.ok(operators.includes('Softmax') && !operators.includes('Attention'));
      assert.deepEqual(
        inferShapes(writeOutAttention(model)).of('out'),
        inferShapes(model).of('out'),
      );
    });
  }
});

describe('branches and loops are written out', () => {
  const branches = {
    then_branch: graph([['Relu', ['x'], 'a']], [], ['a']),
    else_branch: graph(
      [
        ['Neg', ['x'], 'b'],
        ['Exp', ['b'], 'c'],
      ],
      [],
      ['c'],
    ),
  };

  for (const taken of [1, 0]) {
    it(`If, where it is known that it ${taken ? 'holds' : 'does not hold'}`, async () => {
      const network = new Network();
      network.input('x', ['N', 4]);
      const condition = network.constant({ type: 9, dims: [], data: Uint8Array.of(taken) });
      controlled(network, 'If', [condition], branches, ['out']);
      const operators = await rewrittenExactly(network.model(['out']), withoutControlFlow);
      assert.deepEqual(operators, taken ? ['Relu', 'Identity'] : ['Neg', 'Exp', 'Identity']);
    });
  }

  it('If over a value, as both branches and a choice', async () => {
    const network = new Network();
    network.input('x', ['N', 4]);
    const mean = network.node('ReduceMean', ['x'], { keepdims: 0 });
    const condition = network.node('Greater', [mean, network.floats([], 0, 0)]);
    controlled(network, 'If', [condition], branches, ['out']);
    const operators = await rewrittenExactly(network.model(['out']), withoutControlFlow);
    assert.ok(operators.includes('Where') && !operators.includes('If'));
  });

  it('Loop of known length, with what every round gives', async () => {
    const network = new Network();
    network.input('x', ['N', 4]);
    const factor = network.floats([4], 0.5, 1.5);
    const body = graph(
      [
        ['Identity', ['going'], 'on'],
        ['Cast', ['round'], 'number'],
        ['Mul', ['before', factor], 'scaled'],
        ['Add', ['scaled', 'number'], 'after'],
        ['Tanh', ['after'], 'kept'],
      ],
      [
        ['round', 7],
        ['going', 9],
        ['before', 1],
      ],
      ['on', 'after', 'kept'],
    );
    assert.equal(body.kind, 'graph');
    const { value } = body;
    const typed: Attribute = {
      kind: 'graph',
      value: {
        ...value,
        nodes: value.nodes.map((node) =>
          node.op === 'Cast' ? { ...node, attributes: attributes({ to: 1 }) } : node,
        ),
        outputs: value.outputs.map((output, index) =>
          index === 0 ? { ...output, type: 9 } : output,
        ),
      },
    };
    const length = network.constant({ type: 7, dims: [], data: BigInt64Array.of(3n) });
    controlled(network, 'Loop', [length, '', 'x'], { body: typed }, ['end', 'all']);
    const model = network.model(['end', 'all']);
    const operators = await rewrittenExactly(model, withoutControlFlow);
    assert.equal(operators.filter((op) => op === 'Tanh').length, 3);
    assert.ok(!operators.includes('Loop'));
  });
});

describe('what ONNX Runtime fused is written out', () => {
  const fused: Readonly<
    Record<string, readonly [string, Readonly<Record<string, PlainAttribute>>]>
  > = {
    FusedConv: ['Conv, Relu', { activation: 'Relu', kernel_shape: [2, 2], strides: [2, 1] }],
    Gelu: ['Mul, Erf, Add, Mul, Mul', {}],
    QuickGelu: ['Mul, Sigmoid, Mul', { alpha: { float: 1.3 } }],
  };
  for (const [op, [operators, plain]] of Object.entries(fused)) {
    it(op, async () => {
      const network = new Network({ seed: 3 });
      const image = network.input('image', ['N', 2, 5, 6]);
      const weights = op === 'FusedConv' ? [network.floats([3, 2, 2, 2]), network.floats([3])] : [];
      network.nodeOf(op, [image, ...weights], attributes(plain), ['out'], 'com.microsoft');
      const model = {
        ...network.model(['out']),
        otherOpsets: new Map([['com.microsoft', 1]]),
      };
      assert.equal((await rewrittenExactly(model, withoutFusions)).join(', '), operators);
    });
  }

  type Built = readonly [
    inputs: (network: Network) => readonly string[],
    plain: Readonly<Record<string, PlainAttribute>>,
    outputs?: readonly string[],
  ];
  /** Of rows of six numbers. */
  const ofRows: Readonly<Record<string, Built>> = {
    'FusedGemm with LeakyRelu': [
      (network) => [network.floats([4, 6]), network.floats([4])],
      {
        transB: 1,
        alpha: { float: 0.5 },
        activation: 'LeakyRelu',
        activation_alpha: { float: 0.3 },
      },
    ],
    'FusedMatMul with both turned': [
      (network) => [network.floats([7, 5])],
      { transA: 1, transB: 1, alpha: { float: 1.7 } },
    ],
    BiasGelu: [(network) => [network.floats([6])], {}],
    'FastGelu with a bias': [(network) => [network.floats([6])], {}],
    SkipLayerNormalization: [
      (network) => [network.floats([2, 5, 6]), ...[0, 1, 2].map(() => network.floats([6]))],
      { epsilon: { float: 0.01 } },
      ['out', '', '', 'sum'],
    ],
    'SkipLayerNormalization without shift and bias': [
      (network) => [network.floats([2, 5, 6]), network.floats([6])],
      {},
    ],
  };
  for (const [title, [inputs, plain, outputs = ['out']]] of Object.entries(ofRows))
    it(title, async () => {
      const network = new Network({ opset: 17, seed: 3 });
      const rows = network.input('rows', [2, 5, 6]);
      const op = title.split(' ')[0]!;
      const x = op === 'FusedGemm' ? network.node('Reshape', [rows, network.ints(-1, 6)]) : rows;
      const read = [x, ...inputs(network)];
      network.nodeOf(op, read, attributes(plain), outputs, 'com.microsoft');
      const model = {
        ...network.model(outputs.filter((output) => output !== '')),
        otherOpsets: new Map([['com.microsoft', 1]]),
      };
      assert.ok(!(await rewrittenExactly(model, withoutFusions)).includes(op));
    });
});
