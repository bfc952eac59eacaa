import { compile } from '../../server/explain/compile.ts';
import type { Model, Node } from '../../server/onnx/graph.ts';
import { elementCount, floatTensor } from '../../server/onnx/tensor.ts';
import { inferShapes } from '../../server/onnx/infer-shapes.ts';
import { floats, runNetwork } from '../support/onnx-runtime.ts';

/**
 * A rectifier whose input comes so close to zero on the way from baseline to picture that float32
 * decides whether it is on.
 */
export interface RoundedRectifier {
  /** Of the path, from 0. */
  readonly step: number;
  /** Which Relu of the network, from 0, and which of its elements. */
  readonly relu: number;
  readonly element: number;
  /** Its input in float64. */
  readonly exact: number;
}

/**
 * Where the published integrated gradients of `nethvf`, sample 6, and the same sum in float64 part:
 * of some 10⁷ rectifier inputs on the path these four came out on the other side of zero. They are
 * the whole difference: with them the float64 map is the published one to 2e-4 of its largest
 * value, without them to 4e-3. PyTorch itself, with batch normalisation folded or not, gives 2.5e-3
 * on another machine.
 */
export const ROUNDED: readonly RoundedRectifier[] = [
  { step: 16, relu: 6, element: 29377, exact: 3.44e-7 },
  { step: 21, relu: 5, element: 9566, exact: 1.01e-7 },
  { step: 29, relu: 3, element: 19373, exact: -4.05e-7 },
  { step: 43, relu: 6, element: 20068, exact: -1.33e-6 },
];

/**
 * Integrated gradients with these rectifiers on the other side of zero, for a path of so many steps
 * from black.
 */
export async function withRounding(
  map: Float32Array,
  model: Model,
  picture: Float32Array,
  steps: number,
  rounded: readonly RoundedRectifier[],
): Promise<Float32Array> {
  const { name, shape } = model.inputs[0]!;
  const corrected = Float64Array.from(map);
  for (const rectifier of rounded) {
    const onTheWay = picture.map((value) => value * Math.fround(rectifier.step / (steps - 1)));
    const gradient = async (network: Model) =>
      (
        await runNetwork(compile(network, [{ id: 'gradient' }]), {
          [name]: floats([1, ...shape!.slice(1).map(Number)], onTheWay),
        })
      )['explanation']!.data;
    const [plain, moved] = [
      await gradient(model),
      await gradient(movedAcrossZero(model, rectifier)),
    ];
    picture.forEach((value, pixel) => {
      corrected[pixel]! += ((moved[pixel]! - plain[pixel]!) * value) / steps;
    });
  }
  return Float32Array.from(corrected);
}

/** Well above float32's rounding of these inputs, whichever way a machine adds up. */
const CLEARLY = 2e-5;

/**
 * The network with the rectifier's input on the side of zero where its exact value is not, and
 * there already if this machine rounds it so.
 */
function movedAcrossZero(
  model: Model,
  { relu: position, element, exact }: RoundedRectifier,
): Model {
  const relu = model.nodes.filter(({ op }) => op === 'Relu')[position]!;
  const dims = inferShapes(model).of(relu.inputs[0]!).slice(1).map(Number);
  const change = new Float32Array(elementCount(dims));
  change[element] = -Math.sign(exact) * CLEARLY;
  const add: Node = {
    op: 'Add',
    domain: '',
    name: 'moved',
    inputs: [relu.inputs[0]!, 'change'],
    outputs: ['moved'],
    attributes: new Map(),
  };
  return {
    ...model,
    initializers: new Map([...model.initializers, ['change', floatTensor([1, ...dims], change)]]),
    nodes: model.nodes.flatMap((node) =>
      node === relu ? [add, { ...relu, inputs: ['moved'] }] : [node],
    ),
  };
}
