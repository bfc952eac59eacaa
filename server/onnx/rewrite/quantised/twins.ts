import { floatAttribute, intAttribute } from '../../attributes.ts';
import type { Attribute } from '../../graph.ts';
import { DataType } from '../../tensor.ts';
import type { Twin } from './twin.ts';

/** Appends what the node computes, in numbers; false where that cannot be told. */
type Write = (twin: Twin) => boolean;

const without = (attributes: ReadonlyMap<string, Attribute>, ...names: readonly string[]) =>
  new Map([...attributes].filter(([name]) => !names.includes(name)));

/** x, scale, zero, weights, scale, zero, scale, zero, bias. */
const convolution: Write = (twin) => {
  const [x, xScale, xZero, w, wScale, wZero, yScale, yZero, b] = Array.from(
    { length: 9 },
    (_, at) => twin.input(at),
  ) as [string, string, string, string, string, string, string, string, string];
  const bias = b ? twin.bias(b, [xScale, wScale]) : '';
  if (bias === null) return false;
  const inputs = [twin.numbers(x, xScale, xZero), twin.numbers(w, wScale, wZero)];
  const sum = twin.append('Conv', bias ? [...inputs, bias] : inputs, twin.node.attributes);
  twin.rounded(sum, yScale, yZero);
  return true;
};

/** a, scale, zero, b, scale, zero, scale, zero. */
const product: Write = (twin) => {
  const at = (index: number) => twin.input(index);
  const sum = twin.append('MatMul', [
    twin.numbers(at(0), at(1), at(2), 1),
    twin.numbers(at(3), at(4), at(5), 1),
  ]);
  twin.rounded(sum, at(6), at(7));
  return true;
};

/** a, scale, zero, b, scale, zero, bias, scale, zero; without a scale of its own in numbers. */
const gemm: Write = (twin) => {
  const at = (index: number) => twin.input(index);
  const { attributes } = twin.node;
  const isTurned = intAttribute(twin.node, 'transB', 0) === 1;
  const inputs = [
    twin.numbers(at(0), at(1), at(2)),
    twin.numbers(at(3), at(4), at(5), isTurned ? 0 : 1),
  ];
  // The scale of the bias has α in it.
  const alpha = floatAttribute(twin.node, 'alpha', 1);
  const bias = at(6) && alpha === 1 ? twin.bias(at(6), [at(1), at(4)]) : at(6) ? null : '';
  if (bias === null) return false;
  if (bias) inputs.push(bias);
  if (at(7)) twin.rounded(twin.append('Gemm', inputs, attributes), at(7), at(8));
  else twin.append('Gemm', inputs, attributes, twin.node.outputs[0]);
  return true;
};

/** Whole numbers less their zero points, multiplied; scaled by who reads it. */
const wholeProduct =
  (op: 'Conv' | 'MatMul'): Write =>
  (twin) => {
    const [a, b, aZero, bZero] = Array.from({ length: 4 }, (_, at) => twin.input(at)) as [
      string,
      string,
      string,
      string,
    ];
    const scale = twin.one();
    const inputs = [
      twin.numbers(a, scale, aZero),
      twin.numbers(b, scale, bZero, op === 'Conv' ? 0 : 1),
    ];
    twin.whole(twin.append(op, inputs, op === 'Conv' ? twin.node.attributes : {}));
    return true;
  };

/**
 * Scale and zero point come of the smallest and the largest value, so that nothing is cut off; they
 * are held fixed.
 */
const dynamicQuantize: Write = (twin) => {
  const [output = '', scale = '', zero = ''] = twin.node.outputs;
  twin.hold(1, DataType.float);
  twin.hold(2, DataType.uint8);
  const steps = twin.append('Div', [twin.input(0), scale]);
  twin.append('Cast', [steps], { to: DataType.uint8 }, output);
  return output !== '' && scale !== '' && zero !== '';
};

/** a, scale, zero, b, scale, zero, scale, zero, by one operator on both. */
const both =
  (op: string): Write =>
  (twin) => {
    const at = (index: number) => twin.input(index);
    const result = twin.append(op, [
      twin.numbers(at(0), at(1), at(2)),
      twin.numbers(at(3), at(4), at(5)),
    ]);
    twin.rounded(result, at(6), at(7));
    return true;
  };

/** x, scale, zero, scale, zero. */
const single =
  (op: string): Write =>
  (twin) => {
    if (intAttribute(twin.node, 'channels_last', 0) !== 0) return false;
    const at = (index: number) => twin.input(index);
    const result = twin.append(
      op,
      [twin.numbers(at(0), at(1), at(2))],
      without(twin.node.attributes, 'channels_last', 'opset'),
    );
    twin.rounded(result, at(3), at(4));
    return true;
  };

/** scale, zero, then x, scale, zero of each. */
const concat: Write = (twin) => {
  const parts = Array.from({ length: (twin.node.inputs.length - 2) / 3 }, (_, part) =>
    twin.numbers(...([2, 3, 4].map((at) => twin.input(3 * part + at)) as [string, string, string])),
  );
  twin.rounded(twin.append('Concat', parts, twin.node.attributes), twin.input(0), twin.input(1));
  return true;
};

/** Operators on whole numbers, by domain and name: ONNX's own, and those of ONNX Runtime. */
export const twins: Readonly<Record<string, Write>> = {
  QLinearConv: convolution,
  QLinearMatMul: product,
  ConvInteger: wholeProduct('Conv'),
  MatMulInteger: wholeProduct('MatMul'),
  DynamicQuantizeLinear: dynamicQuantize,
  'com.microsoft.QGemm': gemm,
  'com.microsoft.QLinearAdd': both('Add'),
  'com.microsoft.QLinearMul': both('Mul'),
  'com.microsoft.QLinearConcat': concat,
  'com.microsoft.QLinearSigmoid': single('Sigmoid'),
  'com.microsoft.QLinearLeakyRelu': single('LeakyRelu'),
  'com.microsoft.QLinearSoftmax': single('Softmax'),
  'com.microsoft.QLinearAveragePool': single('AveragePool'),
  'com.microsoft.QLinearGlobalAveragePool': single('GlobalAveragePool'),
};
