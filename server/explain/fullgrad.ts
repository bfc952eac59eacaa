import { RoadgazeError } from '../../shared/errors.ts';
import { ancestors, dependents } from '../onnx/graph.ts';
import { resized } from '../onnx/sampling.ts';
import { scalar } from '../onnx/tensor.ts';
import { backward } from './backward/backward.ts';
import { gradientSeed } from './backward/seed.ts';
import { floatValue } from './backward/values.ts';
import type { CompiledMethod, ExplanationContext } from './compiled-method.ts';
import { sequenceIn } from './frames-in-batch.ts';
import { overChannels, type FeatureMaps } from './layer-features.ts';
import { gradientComposite } from './operators/explained-operators.ts';

/** A convolution with a bias on the way of the picture. */
interface BiasedLayer {
  readonly tensor: string;
  readonly bias: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Keeps what is divided by away from 0, as the authors' program has it. */
const EPSILON = 1e-6;

/**
 * FullGrad (Srinivas & Fleuret 2019, equation 3 and section 4.2): ψ(x · ∂f/∂x) + Σ_l ψ(b_l · ∂f/∂z_l),
 * over the convolutions l with output z and bias b; ψ takes the size, stretches it over 0…1 within
 * the layer, brings it to the picture's size bilinearly, and adds up the channels. Biases of dense
 * layers have no place in the picture. [N,1,H,W], ≥ 0.
 */
export const fullGradMethod: CompiledMethod = {
  id: 'fullgrad',
  options: [],
  keepsScaling: true,
  append(context) {
    const { builder, image, model, shapes } = context;
    if (sequenceIn(model, shapes, image.name))
      throw new RoadgazeError(
        'METHOD_UNSUITED',
        `FullGrad adds up the layers of one picture, and ${model.source} sees each frame of a sequence by itself.`,
        'Choose gradient, Grad-CAM or VisualBackProp.',
      );
    const layers = biasedLayers(context);
    const signals = backward(context, {
      method: 'FullGrad',
      ...gradientSeed(context),
      to: [image.name, ...layers.map(({ tensor }) => tensor)],
      composite: gradientComposite,
    });
    const product = builder.node('Mul', [
      floatValue(context, image.name),
      signals.get(image.name)!,
    ]);
    const laid = image.layout === 'NCHW' ? product : builder.transpose(product, [0, 3, 1, 2]);
    const values = layers.reduce(
      (sum, layer) => {
        const shares = builder.node('Mul', [layer.bias, signals.get(layer.tensor)!]);
        const map = resized(builder, stretched(context, shares, layer), layer, image);
        return builder.node('Add', [sum, map]);
      },
      stretched(context, laid, image),
    );
    return { kind: 'activation-map', values, height: image.height, width: image.width };
  },
};

function biasedLayers(context: ExplanationContext): BiasedLayer[] {
  const { builder, image, model, output, shapes } = context;
  const [fromImage, reaching] = [
    dependents(model, [image.name]),
    ancestors(model.nodes, output.tensor),
  ];
  return model.nodes.flatMap((node) => {
    const [tensor = '', bias = ''] = [node.outputs[0], node.inputs[2]];
    const isOnTheWay = fromImage.has(tensor) && reaching.has(tensor);
    if (node.op !== 'Conv' || node.domain !== '' || bias === '' || !isOnTheWay) return [];
    const [channels, height, width] = shapes.of(tensor).slice(1).map(Number) as [
      number,
      number,
      number,
    ];
    return [
      {
        tensor,
        bias: builder.reshape(floatValue(context, bias), [1, channels, 1, 1]),
        channels,
        height,
        width,
      },
    ];
  });
}

/**
 * The sizes of [N,C,h,w], stretched over 0…1 within each picture, added up over the channels,
 * [N,1,h,w]. The sum comes first, because that leaves one channel to work on.
 */
function stretched(
  context: ExplanationContext,
  values: string,
  layer: Omit<FeatureMaps, 'features'>,
): string {
  const { builder } = context;
  const sizes = builder.node('Abs', [values]);
  const [least, most] = (['ReduceMin', 'ReduceMax'] as const).map((op) =>
    builder.reduce(op, sizes, [1, 2, 3]),
  ) as [string, string];
  const range = builder.node('Add', [
    builder.node('Sub', [most, least]),
    builder.constant(scalar(EPSILON)),
  ]);
  const { channels, height, width } = layer;
  const sum = overChannels(context, { channels, height, width, features: sizes }, sizes);
  return builder.node('Div', [builder.node('Sub', [sum, builder.scale(least, channels)]), range]);
}
