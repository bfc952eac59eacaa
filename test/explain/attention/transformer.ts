import { tensorNumbers } from '../../../server/onnx/tensor.ts';
import type { Model } from '../../../server/onnx/graph.ts';
import { Network } from '../../support/network.ts';
import { matrix, SlowRelevance, type Matrix } from './slow-relevance.ts';

/** A picture of 2 × 3 patches of 2 × 2 pixels, two channels. */
export const PICTURE = [2, 4, 6] as const;
const [PATCH, ROWS, COLUMNS] = [2, 2, 3];
const [WIDTH, HEADS, INNER, LAYERS] = [6, 2, 8, 2];
const PLACES = ROWS * COLUMNS;

export interface TransformerForm {
  readonly opset: number;
  /** The answer is made of a token of its own, or of all tokens. */
  readonly classToken: boolean;
  /** How attention is written. */
  readonly attention: 'operator' | 'written out';
  readonly batch?: number | string;
}

export interface SlowAnswer {
  readonly answer: number;
  /** In the picture's order. */
  readonly relevance: Float64Array;
  readonly absorbed: number;
  /** Of each layer the shares, by head. */
  readonly shares: readonly (readonly Matrix[])[];
}

const gelu = (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2));

/** Series of Abramowitz and Stegun 7.1.5, exact to float64 for the arguments here. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** A small vision transformer, as ONNX nodes and as loops. */
export class Transformer {
  readonly model: Model;
  readonly form: TransformerForm;
  readonly #network: Network;
  readonly #named = new Map<string, string>();

  constructor(form: TransformerForm) {
    this.form = form;
    this.#network = new Network({ opset: form.opset, seed: 9 });
    this.model = this.#build();
  }

  get tokens(): number {
    return PLACES + (this.form.classToken ? 1 : 0);
  }

  /** A constant that both versions know by its name. */
  #constant(name: string, dims: readonly number[], low = -0.6, high = 0.6): string {
    const value = this.#network.floats(dims, low, high);
    this.#named.set(name, value);
    return value;
  }

  #numbers(name: string): number[] {
    return tensorNumbers(this.#network.initializers.get(this.#named.get(name)!)!);
  }

  #layerNorm(x: string, name: string): string {
    const network = this.#network;
    const [scale, shift] = [
      this.#constant(`${name}/scale`, [WIDTH], 0.5, 1.5),
      this.#constant(`${name}/shift`, [WIDTH]),
    ];
    if (network.opset >= 17) return network.node('LayerNormalization', [x, scale, shift]);
    const mean = (value: string) =>
      network.node('ReduceMean', [value], { axes: [-1], keepdims: 1 });
    const centred = network.node('Sub', [x, mean(x)]);
    const variance = mean(network.node('Mul', [centred, centred]));
    const epsilon = network.floats([1], 1e-5, 1e-5);
    const deviation = network.node('Sqrt', [network.node('Add', [variance, epsilon])]);
    const normal = network.node('Div', [centred, deviation]);
    return network.node('Add', [network.node('Mul', [normal, scale]), shift]);
  }

  #linear(x: string, name: string, from: number, to: number): string {
    const network = this.#network;
    const product = network.node('MatMul', [x, this.#constant(name, [from, to])]);
    return network.node('Add', [product, this.#constant(`${name}/bias`, [to])]);
  }

  #attention(q: string, k: string, v: string): string {
    const network = this.#network;
    if (this.form.attention === 'operator')
      return network.node('Attention', [q, k, v], { q_num_heads: HEADS, kv_num_heads: HEADS });
    const split = network.ints(0, this.tokens, HEADS, WIDTH / HEADS);
    const heads = (value: string, perm: readonly number[]) =>
      network.node('Transpose', [network.node('Reshape', [value, split])], { perm });
    const scale = Math.sqrt(WIDTH / HEADS);
    const scores = network.node('Div', [
      network.node('MatMul', [heads(q, [0, 2, 1, 3]), heads(k, [0, 2, 3, 1])]),
      network.floats([], scale, scale),
    ]);
    const shares = network.node('Softmax', [scores], { axis: -1 });
    const read = network.node('MatMul', [shares, heads(v, [0, 2, 1, 3])]);
    return network.node('Reshape', [
      network.node('Transpose', [read], { perm: [0, 2, 1, 3] }),
      network.ints(0, this.tokens, WIDTH),
    ]);
  }

  #gelu(x: string): string {
    const network = this.#network;
    if (network.opset >= 20) return network.node('Gelu', [x]);
    const [root, one, half] = [Math.SQRT2, 1, 0.5].map((value) => network.floats([], value, value));
    const bent = network.node('Add', [
      network.node('Erf', [network.node('Div', [x, root!])]),
      one!,
    ]);
    return network.node('Mul', [network.node('Mul', [x, bent]), half!]);
  }

  #build(): Model {
    const network = this.#network;
    const { classToken, batch = 1 } = this.form;
    const image = network.input('image', [batch, ...PICTURE]);
    const patches = network.node(
      'Conv',
      [
        image,
        this.#constant('patches', [WIDTH, PICTURE[0], PATCH, PATCH]),
        this.#constant('patches/bias', [WIDTH]),
      ],
      { kernel_shape: [PATCH, PATCH], strides: [PATCH, PATCH] },
    );
    let x = network.node(
      'Transpose',
      [network.node('Reshape', [patches, network.ints(0, WIDTH, PLACES)])],
      { perm: [0, 2, 1] },
    );
    if (classToken)
      x = network.node('Concat', [this.#constant('class', [1, 1, WIDTH]), x], { axis: 1 });
    x = network.node('Add', [x, this.#constant('places', [1, this.tokens, WIDTH])]);
    for (let layer = 0; layer < LAYERS; layer++) {
      const normal = this.#layerNorm(x, `${layer}/first`);
      const [q, k, v] = ['q', 'k', 'v'].map((name) =>
        this.#linear(normal, `${layer}/${name}`, WIDTH, WIDTH),
      ) as [string, string, string];
      const read = this.#linear(this.#attention(q, k, v), `${layer}/out`, WIDTH, WIDTH);
      x = network.node('Add', [x, read]);
      const inner = this.#linear(
        this.#layerNorm(x, `${layer}/second`),
        `${layer}/inner`,
        WIDTH,
        INNER,
      );
      x = network.node('Add', [x, this.#linear(this.#gelu(inner), `${layer}/outer`, INNER, WIDTH)]);
    }
    const normal = this.#layerNorm(x, 'last');
    const answering = classToken
      ? network.node(
          'Gather',
          [normal, network.constant({ type: 7, dims: [], data: BigInt64Array.of(0n) })],
          { axis: 1 },
        )
      : network.opset >= 18
        ? network.node('ReduceMean', [normal, network.ints(1)], { keepdims: 0 })
        : network.node('ReduceMean', [normal], { axes: [1], keepdims: 0 });
    network.node(
      'Gemm',
      [answering, this.#constant('head', [WIDTH, 1]), this.#constant('head/bias', [1])],
      {},
      'steering',
    );
    return network.model([{ name: 'steering', type: 1, shape: [batch, 1] }]);
  }

  /** The same, number by number. */
  explain(picture: ArrayLike<number>, epsilon = 1e-6): SlowAnswer {
    const slow = new SlowRelevance(epsilon);
    const weights = (name: string, rows: number, columns: number) =>
      matrix(rows, columns, this.#numbers(name));
    const linear = (x: Matrix, name: string, to: number) =>
      slow.linear(x, weights(name, x.columns, to), this.#numbers(`${name}/bias`));
    const norm = (x: Matrix, name: string) =>
      slow.layerNorm(x, this.#numbers(`${name}/scale`), this.#numbers(`${name}/shift`));
    const [channels, height, width] = PICTURE;
    const pixels = matrix(1, channels * height * width, picture);
    const cut = slow.moved(pixels, PLACES, channels * PATCH * PATCH, (place, at) => {
      const [channel, tap] = [Math.floor(at / (PATCH * PATCH)), at % (PATCH * PATCH)];
      const row = Math.floor(place / COLUMNS) * PATCH + Math.floor(tap / PATCH);
      const column = (place % COLUMNS) * PATCH + (tap % PATCH);
      return (channel * height + row) * width + column;
    });
    const kernels = this.#numbers('patches');
    const size = channels * PATCH * PATCH;
    const turned = matrix(
      size,
      WIDTH,
      Array.from(
        { length: size * WIDTH },
        (_, at) => kernels[(at % WIDTH) * size + Math.floor(at / WIDTH)]!,
      ),
    );
    let x = slow.linear(cut, turned, this.#numbers('patches/bias'));
    if (this.form.classToken) x = slow.below(weights('class', 1, WIDTH), x);
    x = slow.addConstant(x, this.#numbers('places'));
    const shares: Matrix[][] = [];
    const perHead = WIDTH / HEADS;
    for (let layer = 0; layer < LAYERS; layer++) {
      const normal = norm(x, `${layer}/first`);
      const [q, k, v] = ['q', 'k', 'v'].map((name) =>
        linear(normal, `${layer}/${name}`, WIDTH),
      ) as [Matrix, Matrix, Matrix];
      const all = Array.from({ length: HEADS }, (_, head) => {
        const own = (value: Matrix) =>
          slow.moved(
            value,
            value.rows,
            perHead,
            (row, column) => row * WIDTH + head * perHead + column,
          );
        const keys = own(k);
        const across = slow.moved(
          keys,
          perHead,
          keys.rows,
          (row, column) => column * perHead + row,
        );
        const scores = slow.bent(
          slow.product(own(q), across),
          (score) => score / Math.sqrt(perHead),
        );
        const shared = slow.softmax(scores);
        (shares[layer] ??= []).push(shared);
        return slow.product(shared, own(v));
      });
      x = slow.add(x, linear(slow.beside(all), `${layer}/out`, WIDTH));
      const inner = slow.bent(linear(norm(x, `${layer}/second`), `${layer}/inner`, INNER), gelu);
      x = slow.add(x, linear(inner, `${layer}/outer`, WIDTH));
    }
    const normal = norm(x, 'last');
    const first = this.form.classToken
      ? slow.moved(normal, 1, WIDTH, (_, column) => column)
      : slow.linear(
          slow.moved(normal, WIDTH, normal.rows, (row, column) => column * WIDTH + row),
          matrix(normal.rows, 1, new Array<number>(normal.rows).fill(1 / normal.rows)),
          null,
        );
    const row = first.rows === 1 ? first : slow.moved(first, 1, WIDTH, (_, column) => column);
    const answer = linear(row, 'head', 1);
    slow.handBack(answer, 0);
    return {
      answer: answer.data[0]!,
      relevance: pixels.relevance,
      absorbed: slow.absorbed,
      shares,
    };
  }
}
