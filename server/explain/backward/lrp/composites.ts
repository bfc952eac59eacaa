import { isConvolutional, isWeighted } from '../linear-map.ts';
import type { BackwardRule, Composite, Place } from '../rule.ts';
import { halfToEachFactor, inProportion, keptByFirst, routed } from './shared-out.ts';

const activations = new Set([
  'Relu',
  'Elu',
  'LeakyRelu',
  'PRelu',
  'Sigmoid',
  'Tanh',
  'Clip',
  'Selu',
  'Softplus',
  'Softsign',
  'HardSigmoid',
  'HardSwish',
  'Gelu',
  'Mish',
  'Celu',
  'ThresholdedRelu',
  'Exp',
  'Log',
  'Sqrt',
  'Abs',
  'Neg',
  'Reciprocal',
  'Erf',
  'Floor',
  'Ceil',
  'Round',
  'Sign',
  'Softmax',
  'LogSoftmax',
  'Identity',
  'Dropout',
  'Cast',
  'Pow',
  'LRN',
  'InstanceNormalization',
  'LayerNormalization',
  'LpNormalization',
]);
/** Each value of the result is one of the input's, or several of them side by side. */
const routing = new Set([
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Concat',
  'Split',
  'Slice',
  'Gather',
  'Expand',
  'Pad',
  'DepthToSpace',
  'SpaceToDepth',
  'MaxPool',
  'GlobalMaxPool',
  'ReduceMax',
  'ReduceMin',
  'Max',
  'Min',
  'Where',
]);
/** Results that are linear in their inputs. */
const linear = new Set([
  'Add',
  'Sub',
  'Sum',
  'Mean',
  'AveragePool',
  'GlobalAveragePool',
  'ReduceMean',
  'ReduceSum',
  'BatchNormalization',
  'Resize',
  'Upsample',
  'LpPool',
]);

/**
 * In front of the first layer these bring the picture to another scale: the chain rule takes
 * relevance through, as zennit has it.
 */
const scaling = new Set(['Add', 'Sub', 'Mul', 'Div']);

/**
 * Rules of a composite for layers with weights; all other operators are treated alike by every
 * composite.
 */
export interface LayerRules {
  readonly convolution: BackwardRule;
  readonly dense: BackwardRule;
  /** For layers that the picture enters, where they have a rule of their own. */
  readonly first?: BackwardRule;
}

export function relevanceComposite(
  { convolution, dense, first }: LayerRules,
  epsilon: number,
): Composite {
  const proportional = inProportion(epsilon);
  return (node, { isFirst, isBeforeLayers }: Place) => {
    if (node.domain !== '') return null;
    if (isBeforeLayers && scaling.has(node.op)) return routed;
    if (isWeighted(node))
      return isFirst && first ? first : isConvolutional(node) ? convolution : dense;
    if (activations.has(node.op)) return keptByFirst;
    if (routing.has(node.op)) return routed;
    if (linear.has(node.op)) return proportional;
    if (node.op === 'Mul') return halfToEachFactor;
    if (node.op === 'Div') return keptByFirst;
    return null;
  };
}
