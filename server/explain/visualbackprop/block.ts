import type { Model, Node } from '../../onnx/graph.ts';
import type { Shapes } from '../../onnx/infer-shapes.ts';
import { isConvolution } from './spatial-step.ts';

const merging = new Set(['Add', 'Sub', 'Mul', 'Div', 'Sum', 'Mean', 'Max', 'Min', 'Concat', 'Where']);

/** Whether several values that depend on the picture meet in the node. */
export function isMerge(node: Node, inputsFromImage: readonly string[]): boolean {
  return node.domain === '' && merging.has(node.op) && new Set(inputsFromImage).size > 1;
}

export interface Block {
  /** The value where the branches part. */
  readonly fork: string;
  /** Nodes of the branch with most convolutions that keeps the full image plane, from the merge back to the fork; the merge itself is left out. */
  readonly mainPath: readonly Node[];
}

/** The branches that end in `merge`: goes back from the latest value of all branches until one is left. */
export function block(model: Model, shapes: Shapes, made: ReadonlyMap<string, Node>, fromImage: ReadonlySet<string>, merge: Node): Block {
  const position = new Map(model.nodes.map((node, index) => [node, index]));
  const latest = (values: ReadonlySet<string>) => [...values].reduce((a, b) => (at(b) > at(a) ? b : a));
  const at = (value: string) => { const node = made.get(value); return node ? position.get(node)! : -1; };
  const inputsOf = (node: Node) => node.inputs.filter((input) => fromImage.has(input));

  const frontier = new Set(inputsOf(merge));
  const inside = new Set<Node>();
  while (frontier.size > 1) {
    const value = latest(frontier);
    const node = made.get(value)!;
    frontier.delete(value);
    inside.add(node);
    for (const input of inputsOf(node)) frontier.add(input);
  }
  const [fork] = frontier as Set<string> & Iterable<string>;
  return { fork: fork!, mainPath: longestPath(shapes, made, inputsOf, merge, inside) };
}

function longestPath(shapes: Shapes, made: ReadonlyMap<string, Node>, inputsOf: (node: Node) => string[], merge: Node, inside: ReadonlySet<Node>): Node[] {
  const paths = new Map<Node, Node[]>();
  const weight = (path: readonly Node[]) => path.filter(isConvolution).length * 1000 + path.length;
  const plane = (value: string) => shapes.of(value).reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  const best = (node: Node): Node[] => {
    const known = paths.get(node);
    if (known) return known;
    // A gate computed from a pooled picture is broadcast: it is not where the picture goes through.
    const inputs = inputsOf(node);
    const largest = Math.max(...inputs.map(plane));
    const through = node.op === 'Concat' ? inputs : inputs.filter((input) => plane(input) === largest);
    let path: Node[] = [];
    for (const input of through) {
      const before = made.get(input);
      if (!before || !inside.has(before)) continue;
      const candidate = [before, ...best(before)];
      if (weight(candidate) > weight(path)) path = candidate;
    }
    paths.set(node, path);
    return path;
  };
  return best(merge);
}
