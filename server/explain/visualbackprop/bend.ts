import type { Node } from '../../onnx/graph.ts';
import { explainedOperatorOf } from '../operators/explained-operators.ts';
import type { AxisOrder } from './axis-order.ts';
import type { TrunkGraph } from './trunk-graph.ts';

/**
 * A value that is computed of one earlier value alone, each number of the number at its place, and
 * not in a straight line: an activation in whatever form.
 */
export interface Bend {
  /** What enters it. */
  readonly root: string;
  /** The values that it is made of, the last one among them. */
  readonly inside: ReadonlySet<string>;
}

/** Whether the node bends each number by itself, or one against another. */
function bends(node: Node): boolean {
  const elementwise = explainedOperatorOf(node)?.elementwise ?? null;
  return elementwise === 'activation' || elementwise === 'bend' || elementwise === 'chooses';
}

/** Activations in more nodes than this are not looked for. */
const MOST_NODES = 40;

/**
 * The activation that ends in the value; null where none does. Scaling and shifting by single
 * numbers behind it counts as part of it (−softplus(−x), 2σ(2x) − 1), but not what has a number for
 * each channel, which is a layer of its own.
 */
export function bendAt(graph: TrunkGraph, value: string, order: AxisOrder): Bend | null {
  if (!endsInBend(graph, value)) return null;
  const { made, fromImage, shapes } = graph;
  const size = (name: string) => shapes.of(name).join();
  if (shapes.of(value).length !== 4) return null;
  const inputsOf = (node: Node) => [
    ...new Set(node.inputs.filter((input) => fromImage.has(input))),
  ];
  const position = new Map<string, number>();
  const placeOf = (name: string) => {
    const known = position.get(name) ?? graph.model.nodes.indexOf(made.get(name)!);
    position.set(name, known);
    return known;
  };
  const open = new Set([value]);
  const roots = new Set<string>();
  const inside = new Set<string>();
  let bent = false;
  for (let count = 0; open.size > 0; count++) {
    if (count > MOST_NODES) return null;
    // The latest first: when all that is left is one value, everything behind it is computed of it.
    const latest = [...open].reduce((a, b) => (placeOf(b) > placeOf(a) ? b : a));
    if (bent && open.size === 1 && roots.size === 0) return { root: latest, inside };
    const node = made.get(latest);
    open.delete(latest);
    if (!node || !isElementwise(node) || size(latest) !== size(value)) {
      roots.add(latest);
      continue;
    }
    inside.add(latest);
    const inputs = inputsOf(node);
    bent ||=
      bends(node) ||
      ((node.op === 'Mul' || node.op === 'Div') && (inputs.length > 1 || isBy(node, fromImage)));
    for (const input of inputs) open.add(input);
  }
  const root = commonRoot(graph, roots, order);
  return bent && root !== null ? { root, inside } : null;
}

function isElementwise(node: Node): boolean {
  return (explainedOperatorOf(node)?.elementwise ?? null) !== null;
}

/** Whether a Mul squares, or a Div has what depends on the picture below the line. */
function isBy(node: Node, fromImage: ReadonlySet<string>): boolean {
  return node.op === 'Div'
    ? fromImage.has(node.inputs[1]!)
    : node.inputs.every((input) => fromImage.has(input));
}

/**
 * Whether the last node that does more than scale and shift by single numbers bends, or joins what
 * does.
 */
function endsInBend({ made, fromImage, shapes }: TrunkGraph, value: string): boolean {
  for (let node = made.get(value); node && isElementwise(node);) {
    if (bends(node)) return true;
    const inputs = node.inputs.filter((input) => fromImage.has(input));
    if (inputs.length !== 1 || isBy(node, fromImage)) return true;
    const isPlain = node.inputs.every(
      (input) => input === inputs[0] || !input || shapes.of(input).every((dim) => dim === 1),
    );
    if (!isPlain) return false;
    node = made.get(inputs[0]!);
  }
  return false;
}

/** The only root, or the one value whose channels all roots are parts of. */
function commonRoot(
  { made, shapes }: TrunkGraph,
  roots: ReadonlySet<string>,
  order: AxisOrder,
): string | null {
  const parts = (root: string, whole: string) =>
    [0, 2, 3].every((axis) => shapes.of(root)[order[axis]!] === shapes.of(whole)[order[axis]!]);
  const whole = new Set(
    [...roots].map((root) => {
      const node = made.get(root);
      return roots.size > 1 &&
        node &&
        explainedOperatorOf(node)?.parts === true &&
        parts(root, node.inputs[0]!)
        ? node.inputs[0]!
        : root;
    }),
  );
  return whole.size === 1 ? [...whole][0]! : null;
}
