import { stringAttribute } from './attributes.ts';
import type { Node } from './graph.ts';

/** The letters of each input's axes, and of the result's. */
export interface Equation {
  readonly inputs: readonly string[];
  readonly output: string;
}

/**
 * What an Einsum says; null where it says nothing, repeats an axis within a value or leaves axes
 * unnamed ("…").
 */
export function equationOf(node: Node): Equation | null {
  const [left = '', right] = stringAttribute(node, 'equation', '').replace(/\s/g, '').split('->');
  const inputs = left.split(',');
  const letters = inputs.join('');
  const output =
    right ??
    [...new Set(letters)]
      .filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
      .sort()
      .join('');
  const isPlain = [...inputs, output].every(
    (axes) => /^[A-Za-z]*$/.test(axes) && new Set(axes).size === axes.length,
  );
  return isPlain &&
    inputs.length === node.inputs.length &&
    [...output].every((letter) => letters.includes(letter))
    ? { inputs, output }
    : null;
}
