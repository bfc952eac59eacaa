import type { GraphBuilder } from '../../onnx/builder.ts';
import { areLarge } from '../../onnx/large-weights.ts';
import { DataType, LARGEST_FLOAT, type Tensor, type TensorData } from '../../onnx/tensor.ts';
import { floatsOf } from './values.ts';

/** How weights come out of others, one by one: in numbers, and by nodes. */
interface Change {
  readonly name: string;
  number(value: number): number;
  nodes(builder: GraphBuilder, weights: string): string;
}

/**
 * Weights of a layer, or what a rule makes of them. Large ones are in a file once: what is made of
 * them comes out of them by nodes, which ONNX Runtime computes once, when it loads the network.
 */
export class Weights {
  static readonly #known = new WeakMap<TensorData, Weights>();

  /** What the network has. */
  readonly #own: Tensor;
  readonly #made: { readonly of: Weights; readonly change: Change } | null;
  readonly #changed = new Map<string, Weights>();
  readonly #written = new WeakMap<GraphBuilder, Map<string, string>>();

  private constructor(own: Tensor, made: { of: Weights; change: Change } | null) {
    this.#own = own;
    this.#made = made;
  }

  /** The same for the same numbers, so that rules and methods share what they make of them. */
  static of(tensor: Tensor): Weights {
    let weights = Weights.#known.get(tensor.data);
    if (!weights) Weights.#known.set(tensor.data, (weights = new Weights(tensor, null)));
    return weights;
  }

  get length(): number {
    return this.#own.data.length;
  }

  get areLarge(): boolean {
    return areLarge(this.#own.data);
  }

  numbers(): Float32Array {
    return this.#made ? this.#made.of.numbers().map(this.#made.change.number) : floatsOf(this.#own);
  }

  #with(change: Change): Weights {
    let weights = this.#changed.get(change.name);
    if (!weights)
      this.#changed.set(change.name, (weights = new Weights(this.#own, { of: this, change })));
    return weights;
  }

  /** max(w, 0). */
  get positive(): Weights {
    return this.#with({
      name: 'positive',
      number: (value) => Math.max(value, 0),
      nodes: (builder, weights) => builder.node('Relu', [weights]),
    });
  }

  /** min(w, 0). */
  get negative(): Weights {
    return this.#with({
      name: 'negative',
      number: (value) => Math.min(value, 0),
      nodes: (builder, weights) => builder.clip(weights, -LARGEST_FLOAT, 0),
    });
  }

  get sizes(): Weights {
    return this.#with({
      name: 'sizes',
      number: Math.abs,
      nodes: (builder, weights) => builder.node('Abs', [weights]),
    });
  }

  times(factor: number): Weights {
    return factor === 1
      ? this
      : this.#with({
          name: `times ${factor}`,
          number: (value) => factor * value,
          nodes: (builder, weights) =>
            factor === -1 ? builder.node('Neg', [weights]) : builder.scale(weights, factor),
        });
  }

  /** Those of one sign times a factor of 1 or more, the others as they are. */
  weighted(sign: '+' | '-', factor: number): Weights {
    // The larger or the smaller of both is always the right one.
    const pick = sign === '+' ? Math.max : Math.min;
    return this.#with({
      name: `${sign} ${factor}`,
      number: (value) => pick(value, factor * value),
      nodes: (builder, weights) =>
        builder.node(sign === '+' ? 'Max' : 'Min', [weights, builder.scale(weights, factor)]),
    });
  }

  /** Their value in a graph; float32. */
  in(builder: GraphBuilder, dims: readonly number[]): string {
    if (!this.areLarge)
      return builder.constant({ type: DataType.float, dims, data: this.numbers() }, 'weights');
    let written = this.#written.get(builder);
    if (!written) this.#written.set(builder, (written = new Map<string, string>()));
    const key = dims.join();
    let value = written.get(key);
    if (value === undefined) written.set(key, (value = this.#write(builder, dims)));
    return value;
  }

  #write(builder: GraphBuilder, dims: readonly number[]): string {
    if (this.#made) return this.#made.change.nodes(builder, this.#made.of.in(builder, dims));
    const own = builder.constant({ ...this.#own, dims }, 'weights');
    return this.#own.type === DataType.float
      ? own
      : builder.node('Cast', [own], { to: DataType.float });
  }
}
