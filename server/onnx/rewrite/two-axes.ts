import { intsAttribute } from '../attributes.ts';
import { constantOf } from '../constant-node.ts';
import { producers, type Attribute, type Model, type Node } from '../graph.ts';
import { inferWhatIsKnown } from '../infer-shapes.ts';
import { int64Tensor, type Tensor } from '../tensor.ts';
import { unusedName } from './unused-name.ts';

const POOLS = ['MaxPool', 'AveragePool', 'LpPool'];

/**
 * The same network with windows over one axis, and poolings over the first of three axes, as
 * windows over two: the only ones that are explained. Gives the model itself where there are none.
 */
export function overTwoAxes(model: Model): Model {
  const initializers = new Map(model.initializers);
  const named = (name: string, tensor: Tensor) => {
    const free = unusedName({ ...model, initializers }, name);
    initializers.set(free, tensor);
    return free;
  };
  const nodes = model.nodes.flatMap(
    (node) => overOneAxis(model, node, named) ?? overFirstOfThree(model, node, named) ?? [node],
  );
  return nodes.length === model.nodes.length ? model : { ...model, nodes, initializers };
}

type Named = (name: string, tensor: Tensor) => string;

/** x → [N, C, 1, length] → the window of height 1 → back. */
function overOneAxis(model: Model, node: Node, named: Named): readonly Node[] | null {
  if (node.domain !== '' || node.outputs.length !== 1) return null;
  const weights = node.op === 'Conv' ? constantAt(model, node.inputs[1]!) : null;
  const isConvolution = weights?.dims.length === 3;
  if (!isConvolution && !(POOLS.includes(node.op) && lengthOf(node, 'kernel_shape') === 1))
    return null;
  const [value, ...others] = node.inputs as [string, ...string[]];
  const output = node.outputs[0]!;
  const wide = `${output}/plane`;
  const [entering, leaving] = ['Unsqueeze', 'Squeeze'].map((op): Omit<Node, 'outputs'> => {
    const isInput = model.opset >= 13;
    return {
      op,
      domain: '',
      name: `${output}/${op}`,
      inputs: [
        op === 'Squeeze' ? wide : value,
        ...(isInput ? [named(`${output}/axis`, int64Tensor([2]))] : []),
      ],
      attributes: isInput ? new Map() : new Map([['axes', { kind: 'ints', value: [2n] }]]),
    };
  });
  const [outputs, inputs, length] = weights?.dims ?? [];
  const kernel = isConvolution
    ? named(`${output}/kernel`, { ...weights, dims: [outputs!, inputs!, 1, length!] })
    : null;
  return [
    { ...entering!, outputs: [`${value}/of/${output}`] },
    {
      ...node,
      inputs: [`${value}/of/${output}`, ...(kernel ? [kernel, ...others.slice(1)] : others)],
      outputs: [wide],
      attributes: withAxis(node, (name) => (name === 'pads' ? 0n : 1n), 'in front'),
    },
    { ...leaving!, outputs: [output] },
  ];
}

/** [N, C, depth, height, width] → [N, C, depth, height·width] → the window → back. */
function overFirstOfThree(model: Model, node: Node, named: Named): readonly Node[] | null {
  if (node.domain !== '' || !POOLS.includes(node.op) || node.outputs.length !== 1) return null;
  if (lengthOf(node, 'kernel_shape') !== 3 || !isFlat(node)) return null;
  const value = node.inputs[0]!;
  const shape = inferWhatIsKnown(model).known(value);
  const [height, width] = shape?.slice(3) ?? [];
  if (shape?.length !== 5 || typeof height !== 'number' || typeof width !== 'number') return null;
  const output = node.outputs[0]!;
  const [flat, wide] = [`${value}/of/${output}`, `${output}/plane`];
  const reshape = (from: string, to: string, sizes: readonly number[]): Node => ({
    op: 'Reshape',
    domain: '',
    name: `${to}/reshaped`,
    inputs: [from, named(`${to}/sizes`, int64Tensor(sizes))],
    outputs: [to],
    attributes: new Map(),
  });
  return [
    reshape(value, flat, [0, 0, 0, height * width]),
    {
      ...node,
      inputs: [flat],
      outputs: [wide],
      attributes: withAxis(node, () => null, 'behind'),
    },
    reshape(wide, output, [0, 0, 0, height, width]),
  ];
}

/** Whether the window takes nothing but whole rows of what is behind the first axis. */
function isFlat(node: Node): boolean {
  const list = (name: string, fallback: number[]) => intsAttribute(node, name) ?? fallback;
  const pads = list('pads', [0, 0, 0, 0, 0, 0]);
  return (
    !node.attributes.has('auto_pad') &&
    ['kernel_shape', 'strides', 'dilations'].every((name) =>
      list(name, [1, 1, 1])
        .slice(1)
        .every((size) => size === 1),
    ) &&
    [1, 2, 4, 5].every((at) => pads[at] === 0)
  );
}

/**
 * The attributes of a window with one axis more (`filled` says by what number), or of three axes
 * with the last two as one.
 */
function withAxis(
  node: Node,
  filled: (name: string) => bigint | null,
  where: 'in front' | 'behind',
): ReadonlyMap<string, Attribute> {
  const perSide = (values: readonly bigint[], name: string) => {
    const fill = filled(name);
    return where === 'in front' && fill !== null ? [fill, ...values] : values.slice(0, 2);
  };
  return new Map(
    [...node.attributes].map(([name, attribute]): [string, Attribute] => {
      if (attribute.kind !== 'ints' || !WINDOW.includes(name)) return [name, attribute];
      const half = attribute.value.length / 2;
      const value =
        name === 'pads'
          ? [
              ...perSide(attribute.value.slice(0, half), name),
              ...perSide(attribute.value.slice(half), name),
            ]
          : perSide(attribute.value, name);
      return [name, { kind: 'ints', value }];
    }),
  );
}

const WINDOW = ['kernel_shape', 'strides', 'dilations', 'pads'];

const lengthOf = (node: Node, name: string) => intsAttribute(node, name)?.length;

function constantAt(model: Model, value: string): Tensor | null {
  const made = producers(model).get(value);
  return model.initializers.get(value) ?? (made ? constantOf(made) : null);
}
