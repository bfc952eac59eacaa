import { RoadgazeError } from '../../../shared/errors.ts';
import { ancestors, dependents, describeNode, type Node } from '../../onnx/graph.ts';
import type { ExplanationContext } from '../compiled-method.ts';
import { explainedOperatorOf, isWeighted } from '../operators/explained-operators.ts';
import { nonNegativeValues } from './signs.ts';
import type { BackwardRule, BackwardStep, Composite, Place } from './rule.ts';
import { zerosLike } from './values.ts';

export interface BackwardRequest {
  /** Whose backward pass it is, for messages. */
  readonly method: string;
  /** The value where the signal starts, and the signal there. */
  readonly from: string;
  readonly signal: string;
  /** The values at which the signal is asked for. */
  readonly to: readonly string[];
  readonly composite: Composite;
}

/**
 * Appends one reverse pass: from a signal at one value of the network to the signals at others,
 * node by node in reverse order, each by the rule that the composite has for it. Where several
 * readers hand a signal back to one value, they add up. A value that nothing reaches gets zeros.
 * Throws MODEL_OPERATOR_UNSUPPORTED, naming the node that has no rule, and METHOD_UNSUITED where all
 * ways to the picture go through choices that pass nothing on.
 */
export function backward(
  { builder, model, shapes, image, range }: ExplanationContext,
  { method, from, signal, to, composite }: BackwardRequest,
): ReadonlyMap<string, string> {
  const depends = dependents(model, to);
  const reaching = ancestors(model.nodes, from);
  const nonNegative = nonNegativeValues(
    model,
    shapes,
    range.isGiven && range.low.every((low) => low >= 0) ? [image.name] : [],
  );
  const places = placesOf(model.nodes, depends);
  const arriving = new Map<string, string[]>([[from, [signal]]]);
  const sums = new Map<string, string>();
  const sumOf = (value: string): string | null => {
    const parts = arriving.get(value);
    if (!parts) return null;
    const known = sums.get(value);
    if (known !== undefined) return known;
    const sum =
      parts.length <= 1 ? parts[0]! : parts.reduce((all, part) => builder.node('Add', [all, part]));
    sums.set(value, sum);
    return sum;
  };
  let stopped: Node | null = null;
  for (const node of [...model.nodes].reverse()) {
    // It ends at the values that are asked for, or goes on through one to others behind it.
    const goesOn = node.inputs.some((input) => depends.has(input));
    const signals = node.outputs.map((output) =>
      output && reaching.has(output) && depends.has(output) && goesOn ? sumOf(output) : null,
    );
    if (signals.every((each) => each === null)) continue;
    const step: BackwardStep = {
      builder,
      model,
      shapes,
      node,
      arriving: (index) => signals[index] ?? null,
      wanted: (index) => depends.has(node.inputs[index] ?? ''),
      nonNegative,
    };
    if (explainedOperatorOf(node)?.relevance === 'stop') stopped ??= node;
    const rule = ruleFor(step, method, composite(node, places(node)));
    rule(step).forEach((part, index) => {
      const input = node.inputs[index];
      if (!input || typeof part !== 'string' || !depends.has(input)) return;
      const list = arriving.get(input);
      if (list) list.push(part);
      else arriving.set(input, [part]);
    });
  }
  if (stopped && to.every((value) => !arriving.has(value)))
    throw new RoadgazeError(
      'METHOD_UNSUITED',
      `${method} finds nothing: the answer comes through ${describeNode(model, stopped)} alone, which says where, and not how much, so that no signal passes.`,
      'Export the network with the scores in front of that as its output, or choose VisualBackProp.',
    );
  return new Map(to.map((value) => [value, sumOf(value) ?? zerosLike({ builder, shapes }, value)]));
}

function ruleFor(
  { model, node }: BackwardStep,
  method: string,
  rule: BackwardRule | null,
): BackwardRule {
  if (rule) return rule;
  throw new RoadgazeError(
    'MODEL_OPERATOR_UNSUPPORTED',
    `${method} has no rule for the operator ${describeNode(model, node)}.`,
    'Choose VisualBackProp, which needs no backward pass, or export the network without this operator.',
  );
}

/** Where each node stands among the layers with weights. */
function placesOf(nodes: readonly Node[], depends: ReadonlySet<string>): (node: Node) => Place {
  const behind = new Set<string>();
  const ahead = new Set<Node>();
  for (const node of nodes) {
    const inputs = node.inputs.filter((input) => depends.has(input));
    const isLater = inputs.some((input) => behind.has(input));
    if (!isLater) ahead.add(node);
    if (inputs.length > 0 && (isLater || isWeighted(node)))
      for (const output of node.outputs) behind.add(output);
  }
  return (node) => ({
    isFirst: ahead.has(node) && isWeighted(node),
    isBeforeLayers: ahead.has(node) && !isWeighted(node),
  });
}
