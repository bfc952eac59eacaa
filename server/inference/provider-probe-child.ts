import './native-settings.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../onnx/builder.ts';
import { DataType } from '../onnx/tensor.ts';
import { writeModel } from '../onnx/write-model.ts';

/** Runs y = x + x on the provider named on the command line and prints "loads", or why not. */
const empty = {
  source: 'probe',
  irVersion: 8,
  opset: 13,
  otherOpsets: new Map(),
  metadata: new Map(),
  name: 'probe',
  nodes: [],
  initializers: new Map(),
  inputs: [{ name: 'x', type: DataType.float, shape: [4] }],
  outputs: [],
};
const builder = new GraphBuilder(empty, 'probe');
builder.node('Add', ['x', 'x'], {}, 'y');
const model = writeModel(
  builder.build({ outputs: [{ name: 'y', type: DataType.float, shape: [4] }] }),
);
try {
  const session = await InferenceSession.create(model, {
    executionProviders: [process.argv[2]!],
    logSeverityLevel: 4,
  });
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [4]) });
  console.log((y!.data as Float32Array)[3] === 8 ? 'loads' : 'it computes wrong numbers');
} catch (error) {
  console.log((error instanceof Error ? error.message : String(error)).split('\n', 1)[0]);
}
process.exit(0);
