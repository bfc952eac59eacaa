import { unary } from '../shapes/elementwise.ts';
import { softmax } from './along-batch.ts';
import { foldedEach } from './fold-elementwise.ts';
import { operator } from './operator.ts';

/** Of constants there is none in a trained network: it is left to ONNX Runtime. */
const activation = operator(unary, null, { bends: true });
const overItsInput = { ...activation, memory: 'over its input' } as const;
const inBlocks = { ...overItsInput, inBlocks: 'by its first input' } as const;
const shares = operator(unary, null, { alongBatch: softmax });

export const activations = {
  Relu: { ...inBlocks, fold: foldedEach((x) => Math.max(x, 0), true) },
  LeakyRelu: inBlocks,
  Sigmoid: inBlocks,
  Tanh: inBlocks,
  Clip: inBlocks,
  Elu: overItsInput,
  Selu: overItsInput,
  Softplus: overItsInput,
  Softsign: overItsInput,
  PRelu: { ...activation, inputs: 2 },
  HardSigmoid: activation,
  HardSwish: activation,
  Gelu: activation,
  Mish: activation,
  Celu: activation,
  ThresholdedRelu: activation,
  Swish: activation,
  Shrink: activation,
  Softmax: shares,
  LogSoftmax: shares,
} as const;
