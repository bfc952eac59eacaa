import { consumers, producers, type Model, type Node } from '../graph.ts';
import { inferKnownShapes, type KnownShapes } from '../infer-shapes.ts';
import { operatorOf } from '../operators/operators.ts';
import { elementCount, floatTensor, type Tensor } from '../tensor.ts';
import { filledUp, plainConvolution, splitInto, type PlainConvolution } from './channel-blocks.ts';
import { unusedName } from './unused-name.ts';

/**
 * What the further nodes cost, in products of a convolution: for each reader, and for each element
 * that is copied.
 */
const NODES = 1_000_000;
const COPIED = 20;
/** For each element of a value that would otherwise never leave the layout of blocks. */
const REARRANGED = 30;

/**
 * A convolution of channels that do not fill their last block of `block` becomes the sum of two: of
 * the full blocks, and of the rest, which ONNX Runtime reads without filling it up where it is
 * smaller than a block.
 */
export function splitInputChannels(model: Model, block: number): Model {
  return [...valuesWorthSplitting(model, block)].reduce(
    (changed, [value, convolutions]) => withSplit(changed, value, convolutions, block),
    model,
  );
}

/**
 * Values whose channels do not fill their blocks, with the convolutions that read them and for
 * which it is worth to take them apart.
 */
function valuesWorthSplitting(
  model: Model,
  block: number,
): ReadonlyMap<string, readonly PlainConvolution[]> {
  const partial = model.nodes
    .flatMap((node) => plainConvolution(model, node) ?? [])
    .filter(({ weights }) => weights.dims[1]! > block && weights.dims[1]! % block !== 0);
  const found = new Map<string, PlainConvolution[]>();
  if (partial.length === 0) return found;
  const shapes = inferKnownShapes(model);
  const [read, made] = [consumers(model), producers(model)];
  const inBlocks = (node: Node | undefined) =>
    node !== undefined && (operatorOf(node)?.inBlocks ?? 'never') !== 'never';
  const known = new Map<string, boolean>();
  const liesInBlocks = (value: string): boolean => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const node = made.get(value);
    const lies =
      node !== undefined &&
      inBlocks(node) &&
      (node.op === 'Conv' ||
        node.inputs
          .slice(0, operatorOf(node)?.inBlocks === 'by all inputs' ? undefined : 1)
          .every(liesInBlocks));
    known.set(value, lies);
    return lies;
  };
  for (const convolution of partial) {
    const value = convolution.node.inputs[0]!;
    const staysInBlocks = liesInBlocks(value) && read.get(value)!.every(inBlocks);
    if (
      !(
        spared(shapes, convolution, block) >=
        NODES + (staysInBlocks ? REARRANGED : COPIED) * elements(shapes, value)
      )
    )
      continue;
    found.set(value, [...(found.get(value) ?? []), convolution]);
  }
  return found;
}

/** Of one picture; NaN where sizes are not known. */
function elements(shapes: KnownShapes, value: string): number {
  const sizes = shapes.of(value)?.slice(1);
  return sizes?.every((size) => typeof size === 'number') ? elementCount(sizes) : NaN;
}

/** Products that are not computed any more, of one picture. */
function spared(shapes: KnownShapes, { node, weights }: PlainConvolution, block: number): number {
  const [outputs, inputs, height, width] = weights.dims as [number, number, number, number];
  return (
    (filledUp(inputs, block) - inputs) *
    (filledUp(outputs, block) / outputs) *
    height *
    width *
    elements(shapes, node.outputs[0]!)
  );
}

function withSplit(
  model: Model,
  value: string,
  convolutions: readonly PlainConvolution[],
  block: number,
): Model {
  const channels = convolutions[0]!.weights.dims[1]!;
  const full = channels - (channels % block);
  const initializers = new Map(model.initializers);
  const named = (name: string, tensor?: Tensor): string => {
    const free = unusedName({ ...model, initializers }, name);
    if (tensor) initializers.set(free, tensor);
    return free;
  };
  const parts = [named(`${value}/blocks`), named(`${value}/rest`)] as const;
  const split = splitInto(model, value, parts, [full, channels - full], (sizes) =>
    named(`${value}/sizes`, sizes),
  );
  const instead = new Map(
    convolutions.map(({ node, weights }, index): [Node, readonly Node[]] => {
      const [blocks, rest] = [named(`${node.outputs[0]}/blocks`), named(`${node.outputs[0]}/rest`)];
      return [
        node,
        [
          ...(index === 0 ? [split] : []),
          {
            ...node,
            name: blocks,
            inputs: [
              parts[0],
              named(`${blocks}/weights`, inputsOf(weights, 0, full)),
              ...node.inputs.slice(2),
            ],
            outputs: [blocks],
          },
          {
            ...node,
            name: rest,
            inputs: [parts[1], named(`${rest}/weights`, inputsOf(weights, full, channels))],
            outputs: [rest],
          },
          {
            op: 'Add',
            domain: '',
            name: `${node.outputs[0]}/sum`,
            inputs: [blocks, rest],
            outputs: node.outputs,
            attributes: new Map(),
          },
        ],
      ];
    }),
  );
  return {
    ...model,
    initializers,
    nodes: model.nodes.flatMap((node) => instead.get(node) ?? [node]),
  };
}

/** Some of the input channels of weights [outputs, inputs, height, width]. */
function inputsOf({ dims, data }: Tensor, from: number, to: number): Tensor {
  const [outputs, inputs, height, width] = dims as [number, number, number, number];
  const positions = height * width;
  const values = new Float32Array(outputs * (to - from) * positions);
  for (let output = 0; output < outputs; output++) {
    values.set(
      (data as Float32Array).subarray(
        (output * inputs + from) * positions,
        (output * inputs + to) * positions,
      ),
      output * (to - from) * positions,
    );
  }
  return floatTensor([outputs, to - from, height, width], values);
}
