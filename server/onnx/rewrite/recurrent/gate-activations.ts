import { floatsAttribute, stringsAttribute } from '../../attributes.ts';
import type { GraphBuilder } from '../../builder.ts';
import type { Node } from '../../graph.ts';
import { scalar } from '../../tensor.ts';

/** Appends an activation behind a value. */
export type GateActivation = (builder: GraphBuilder, x: string) => string;

interface Kind {
  /** Whether it takes a number out of `activation_alpha`, and out of `activation_beta`. */
  readonly alpha?: number;
  readonly beta?: number;
  append(builder: GraphBuilder, x: string, alpha: number, beta: number): string;
}

const float = (value: number) => ({ float: value });
const plain = (op: string): Kind => ({ append: (builder, x) => builder.node(op, [x]) });
const shifted = (builder: GraphBuilder, x: string, by: number) =>
  builder.node('Add', [x, builder.constant(scalar(by))]);

/** Those that ONNX allows in a recurrent layer, by name in lower case. */
const kinds: Readonly<Record<string, Kind>> = {
  relu: plain('Relu'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  softsign: plain('Softsign'),
  softplus: plain('Softplus'),
  affine: {
    alpha: 1,
    beta: 0,
    append: (builder, x, alpha, beta) => shifted(builder, builder.scale(x, alpha), beta),
  },
  leakyrelu: {
    alpha: 0.01,
    append: (builder, x, alpha) => builder.node('LeakyRelu', [x], { alpha: float(alpha) }),
  },
  thresholdedrelu: {
    alpha: 1,
    // By comparison: the operator of this name came with operator set 10.
    append: (builder, x, alpha) => {
      const over = builder.node('Greater', [x, builder.constant(scalar(alpha))]);
      return builder.node('Mul', [x, builder.node('Cast', [over], { to: 1 })]);
    },
  },
  scaledtanh: {
    alpha: 1,
    beta: 1,
    append: (builder, x, alpha, beta) =>
      builder.scale(builder.node('Tanh', [builder.scale(x, beta)]), alpha),
  },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    append: (builder, x, alpha, beta) =>
      builder.node('HardSigmoid', [x], { alpha: float(alpha), beta: float(beta) }),
  },
  elu: {
    alpha: 1,
    append: (builder, x, alpha) => builder.node('Elu', [x], { alpha: float(alpha) }),
  },
};

/**
 * The activations of each direction, each behind the limit that the layer may have. `usual` are
 * those of one direction where the layer names none. Null where one has no known name.
 */
export function gateActivations(
  node: Node,
  usual: readonly string[],
  directions: number,
): readonly (readonly GateActivation[])[] | null {
  const named = stringsAttribute(node, 'activations') ?? [];
  const alphas = [...(floatsAttribute(node, 'activation_alpha') ?? [])];
  const betas = [...(floatsAttribute(node, 'activation_beta') ?? [])];
  const limit = node.attributes.get('clip');
  const names = named.length > 0 ? named : Array.from({ length: directions }, () => usual).flat();
  if (names.length !== usual.length * directions) return null;
  const all: GateActivation[] = [];
  for (const name of names) {
    const known = name.toLowerCase();
    const kind = Object.hasOwn(kinds, known) ? kinds[known] : undefined;
    if (!kind) return null;
    const alpha = kind.alpha === undefined ? 0 : (alphas.shift() ?? kind.alpha);
    const beta = kind.beta === undefined ? 0 : (betas.shift() ?? kind.beta);
    all.push((builder, x) => {
      const within =
        limit?.kind === 'float' && limit.value > 0 ? builder.clip(x, -limit.value, limit.value) : x;
      return kind.append(builder, within, alpha, beta);
    });
  }
  return Array.from({ length: directions }, (_, direction) =>
    all.slice(direction * usual.length, (direction + 1) * usual.length),
  );
}
