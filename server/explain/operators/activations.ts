import * as plain from '../backward/gradient/activations.ts';
import * as further from '../backward/gradient/further-activations.ts';
import { shrink, swish } from '../backward/gradient/trigonometry.ts';
import type { BackwardRule } from '../backward/rule.ts';
import { explained, type ExplainedOperator } from './explained-operator.ts';

const activation = (gradient: BackwardRule, others: Partial<ExplainedOperator> = {}) =>
  explained(gradient, 'activation', { elementwise: 'activation', ...others });

const always = { nonNegative: 'always' } as const;
const keepsZeros = { keepsZeros: true } as const;
const rectifies = { rectifies: true } as const;

export const activations = {
  Relu: activation(plain.relu, { ...always, ...keepsZeros, ...rectifies }),
  LeakyRelu: activation(plain.leakyRelu, { ...keepsZeros, ...rectifies }),
  PRelu: activation(plain.prelu, { ...keepsZeros, ...rectifies }),
  Elu: activation(plain.elu, { ...keepsZeros, ...rectifies }),
  Selu: activation(further.selu, { ...keepsZeros, ...rectifies }),
  Celu: activation(further.celu, rectifies),
  ThresholdedRelu: activation(further.thresholdedRelu, rectifies),
  Gelu: activation(further.gelu, rectifies),
  HardSwish: activation(further.hardSwish, rectifies),
  Mish: activation(further.mish, rectifies),
  Swish: activation(swish, { ...keepsZeros, ...rectifies }),
  Shrink: activation(shrink),
  Softplus: activation(further.softplus, { ...always, ...rectifies }),
  Softsign: activation(further.softsign),
  Tanh: activation(plain.tanh, keepsZeros),
  Sigmoid: activation(plain.sigmoid, { ...always, head: 'squashes' }),
  HardSigmoid: activation(further.hardSigmoid, always),
  Clip: activation(plain.clip, { nonNegative: 'by its limits' }),
  Softmax: explained(further.softmax, 'softmax', { ...always, head: 'shares' }),
  LogSoftmax: explained(further.logSoftmax, 'activation', { head: 'shares' }),
} as const;
