/**
 * `roadgaze/onnx`: ONNX models as a small typed graph. `loadModel` reads a file, `readModel` its
 * bytes; `writeModel` gives the bytes of a model; `inferShapes` tells type and shape of every
 * value.
 */
export { loadModel, type LoadedModel } from '../onnx/load-model.ts';
export { readModel, type ExternalData } from '../onnx/read-model.ts';
export { writeModel } from '../onnx/write-model.ts';
export { inferShapes, knownOperators, type Shapes } from '../onnx/infer-shapes.ts';
export type { Attribute, Dimension, Model, Node, Shape, ValueInfo } from '../onnx/graph.ts';
export type { Tensor } from '../onnx/tensor.ts';
