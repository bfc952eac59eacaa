import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeModel } from '../onnx/write-model.ts';

/**
 * A program of its own, `probe-provider.js PROVIDER`: runs a network of one Relu with that execution provider and sends
 * `null`, or why it failed, to its parent. A provider that crashes or writes to the terminal hurts nobody else.
 */
async function probe(provider: string): Promise<string | null> {
  const shape = [1, 4];
  const model = writeModel({
    source: 'probe', irVersion: 8, opset: 13, otherOpsets: new Map(), metadata: new Map(), name: 'probe', initializers: new Map(),
    nodes: [{ op: 'Relu', domain: '', name: 'relu', inputs: ['x'], outputs: ['y'], attributes: new Map() }],
    inputs: [{ name: 'x', type: 1, shape }],
    outputs: [{ name: 'y', type: 1, shape }],
  });
  try {
    const session = await InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor('float32', new Float32Array([-1, 0, 1, 2]), shape) });
    return String(y?.data) === '0,0,1,2' ? null : 'it computes wrong values';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

process.send?.(await probe(process.argv[2] ?? ''), () => process.exit());
