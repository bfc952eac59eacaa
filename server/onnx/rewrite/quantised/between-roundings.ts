import { consumers, type Model, type Node } from '../../graph.ts';

/**
 * Values that stand between whole numbers and whole numbers, with the names of their copies. ONNX
 * Runtime computes them in whole numbers, as long as nobody else reads them.
 */
export function betweenRoundings(model: Model): ReadonlyMap<string, string> {
  const read = consumers(model);
  const given = new Set(model.outputs.map(({ name }) => name));
  const is = (node: Node, op: string) => node.op === op && node.domain === '';
  const ahead = new Set<Node>();
  for (const node of [...model.nodes].reverse()) {
    if (is(node, 'QuantizeLinear') || is(node, 'DequantizeLinear')) continue;
    const readers = node.outputs.flatMap((output) => read.get(output) ?? []);
    const isAhead =
      readers.length > 0 &&
      readers.every((reader) => is(reader, 'QuantizeLinear') || ahead.has(reader)) &&
      !node.outputs.some((output) => given.has(output));
    if (isAhead) ahead.add(node);
  }
  const whole = new Set<string>();
  const copies = new Map<string, string>();
  for (const node of model.nodes) {
    if (is(node, 'DequantizeLinear')) whole.add(node.outputs[0]!);
    else if (ahead.has(node) && node.inputs.some((input) => whole.has(input))) {
      for (const output of node.outputs) {
        if (output === '') continue;
        whole.add(output);
        copies.set(output, `${output}/numbers`);
      }
    }
  }
  return copies;
}
