import { intAttribute } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import type { Node } from '../../graph.ts';
import { floatTensor, scalar } from '../../tensor.ts';
import type { GateActivation } from './gate-activations.ts';

/** What a layer remembers from step to step; null stands for zeros. */
export interface State {
  readonly hidden: string | null;
  /** Of LSTM. */
  readonly cell: string | null;
}

/** Weights of one direction, with one block of rows for each gate. */
export interface Direction {
  readonly hiddenSize: number;
  readonly inputSize: number;
  readonly input: Float32Array;
  readonly recurrence: Float32Array;
  /** For what is read, then for what is remembered; null where there is none. */
  readonly bias: Float32Array | null;
  /** Of LSTM: what the cell adds to its gates. */
  readonly peepholes: Float32Array | null;
  readonly activations: readonly GateActivation[];
}

/** Appends one step; `x` [pictures, inputs]. */
export type Step = (x: string, state: State) => { hidden: string; cell: string | null };

export interface Cell {
  readonly gates: number;
  readonly activations: readonly string[];
  /** Appends the constants of a direction, and gives its step. */
  stepOf(builder: GraphBuilder, node: Node, direction: Direction): Step;
}

/** Appends W·x + R·h + b for each gate, with weights as they stand in the file. */
class Gates {
  readonly #builder: GraphBuilder;
  readonly #direction: Direction;
  readonly #constants = new Map<string, string>();

  constructor(builder: GraphBuilder, direction: Direction) {
    this.#builder = builder;
    this.#direction = direction;
  }

  /** Rows of the gate out of a list of all gates. */
  block(list: Float32Array, gate: number, rowSize = 1): Float32Array {
    const size = this.#direction.hiddenSize * rowSize;
    return list.subarray(gate * size, (gate + 1) * size);
  }

  /** W·x + Wb (+ Rb). */
  read(x: string, gate: number, withBoth: boolean): string {
    const { inputSize, input } = this.#direction;
    return this.#product(x, 'input', this.block(input, gate, inputSize), inputSize, gate, (bias) =>
      withBoth
        ? this.block(bias, gate).map((value, at) => value + this.#recurrent(bias, gate)[at]!)
        : this.block(bias, gate),
    );
  }

  /** R·h, or R·h + Rb; with nothing remembered only the bias, or null. */
  remember(h: string | null, gate: number, withBias: boolean): string | null {
    const { hiddenSize, recurrence, bias } = this.#direction;
    if (h === null)
      return withBias && bias
        ? this.#constant(`bias ${gate}`, [hiddenSize], () => this.#recurrent(bias, gate))
        : null;
    const weights = this.block(recurrence, gate, hiddenSize);
    return this.#product(h, 'recurrence', weights, hiddenSize, gate, (all) =>
      withBias ? this.#recurrent(all, gate) : null,
    );
  }

  /** W·x + R·h + Wb + Rb. */
  both(x: string, h: string | null, gate: number): string {
    return this.sum(this.read(x, gate, true), this.remember(h, gate, false));
  }

  sum(a: string, b: string | null): string {
    return b === null ? a : this.#builder.node('Add', [a, b]);
  }

  /** The cell's part in a gate. */
  peephole(cell: string | null, index: number): string | null {
    const { peepholes, hiddenSize } = this.#direction;
    if (!peepholes || cell === null) return null;
    const weights = this.#constant(`peephole ${index}`, [hiddenSize], () =>
      this.block(peepholes, index),
    );
    return this.#builder.node('Mul', [cell, weights]);
  }

  #recurrent(bias: Float32Array, gate: number): Float32Array {
    return this.block(bias.subarray(bias.length / 2), gate);
  }

  #product(
    value: string,
    kind: string,
    weights: Float32Array,
    columns: number,
    gate: number,
    biasOf: (bias: Float32Array) => Float32Array | null,
  ): string {
    const { hiddenSize, bias } = this.#direction;
    const matrix = this.#constant(`${kind} ${gate}`, [hiddenSize, columns], () => weights);
    const own = bias && biasOf(bias);
    const constant = own && this.#constant(`${kind} bias ${gate}`, [hiddenSize], () => own);
    return this.#builder.node('Gemm', [value, matrix, this.#biasOr(constant)], { transB: 1 });
  }

  /** Before operator set 11 a Gemm cannot do without a bias. */
  #biasOr(constant: string | null): string {
    return constant ?? this.#constant('no bias', [1], () => new Float32Array(1));
  }

  #constant(key: string, dims: readonly number[], values: () => Float32Array): string {
    const before = this.#constants.get(key);
    if (before !== undefined) return before;
    const name = this.#builder.constant(floatTensor(dims, values()), key.replaceAll(' ', '_'));
    this.#constants.set(key, name);
    return name;
  }
}

const times = (builder: GraphBuilder, a: string, b: string) => builder.node('Mul', [a, b]);
const restOf = (builder: GraphBuilder, gate: string) =>
  builder.node('Sub', [builder.constant(scalar(1)), gate]);

/** Gates i, o, f, c; peepholes i, o, f. */
const lstm: Cell = {
  gates: 4,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  stepOf(builder, node, direction) {
    const gates = new Gates(builder, direction);
    const [f, g, h] = direction.activations as [GateActivation, GateActivation, GateActivation];
    const isCoupled = intAttribute(node, 'input_forget', 0) === 1;
    return (x, { hidden, cell }) => {
      const gate = (index: number, peephole: string | null) =>
        f(builder, gates.sum(gates.both(x, hidden, index), peephole));
      const entering = gate(0, gates.peephole(cell, 0));
      const candidate = g(builder, gates.both(x, hidden, 3));
      const added = times(builder, entering, candidate);
      const kept =
        cell === null
          ? null
          : times(
              builder,
              isCoupled ? restOf(builder, entering) : gate(2, gates.peephole(cell, 2)),
              cell,
            );
      const next = kept === null ? added : builder.node('Add', [kept, added]);
      const leaving = gate(1, gates.peephole(next, 1));
      return { hidden: times(builder, leaving, h(builder, next)), cell: next };
    };
  },
};

/** Gates z, r, h. */
const gru: Cell = {
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  stepOf(builder, node, direction) {
    const gates = new Gates(builder, direction);
    const [f, g] = direction.activations as [GateActivation, GateActivation];
    const resetsLast = intAttribute(node, 'linear_before_reset', 0) !== 0;
    return (x, { hidden }) => {
      const update = f(builder, gates.both(x, hidden, 0));
      const reset = () => f(builder, gates.both(x, hidden, 1));
      const remembered = resetsLast
        ? gates.remember(hidden, 2, true)
        : gates.remember(hidden && times(builder, reset(), hidden), 2, false);
      const read = gates.read(x, 2, !resetsLast);
      const candidate = g(
        builder,
        gates.sum(
          read,
          remembered && resetsLast ? times(builder, reset(), remembered) : remembered,
        ),
      );
      const taken = times(builder, restOf(builder, update), candidate);
      return {
        hidden:
          hidden === null ? taken : builder.node('Add', [taken, times(builder, update, hidden)]),
        cell: null,
      };
    };
  },
};

const rnn: Cell = {
  gates: 1,
  activations: ['Tanh'],
  stepOf(builder, _node, direction) {
    const gates = new Gates(builder, direction);
    const [f] = direction.activations as [GateActivation];
    return (x, { hidden }) => ({ hidden: f(builder, gates.both(x, hidden, 0)), cell: null });
  },
};

export const cells: Readonly<Record<string, Cell>> = { LSTM: lstm, GRU: gru, RNN: rnn };
