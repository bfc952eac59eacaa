import '../../inference/native-settings.ts';
import type { Model, ValueInfo } from '../../onnx/graph.ts';
import { inferKnownShapes } from '../../onnx/infer-shapes.ts';
import { elementsPerPicture } from '../../onnx/shapes/size-limits.ts';
import { DataType } from '../../onnx/tensor.ts';

/** Whether the size of each of its values is known before it runs. */
export function isFullyKnown(model: Model): boolean {
  const { of } = inferKnownShapes(model);
  return model.nodes.every(({ outputs }) => outputs.every((output) => output === '' || of(output)));
}

/**
 * Runs a network on a dark picture and on a bright one. What it takes cannot be counted where
 * Roadgaze does not read all of its operators; the process in which this runs has limits, and the
 * one that serves has none. A network that does not run here may run on a GPU: whoever starts it
 * tells.
 */
export async function tryToRun(model: Model, bytes: Uint8Array): Promise<void> {
  const { InferenceSession } = await import('onnxruntime-node');
  try {
    const session = await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    for (const level of [0, 1]) {
      const feeds = await Promise.all(
        model.inputs.map(async (input) => [input.name, await plainTensor(input, level)] as const),
      );
      await session.run(Object.fromEntries(feeds));
    }
    await session.release();
  } catch {
    // Told by the session that is to serve.
  }
}

/** An input of one picture with the same value everywhere: 0, or as bright as its type has it. */
async function plainTensor({ name, type, shape }: ValueInfo, level: number) {
  const { Tensor } = await import('onnxruntime-node');
  const dims = shape!.map((dim) => (typeof dim === 'number' ? dim : 1));
  const count = elementsPerPicture(shape!);
  if (type === DataType.uint8)
    return new Tensor('uint8', new Uint8Array(count).fill(255 * level), dims);
  if (type === DataType.float)
    return new Tensor('float32', new Float32Array(count).fill(level), dims);
  throw new Error(`the input ${name} has the type ${type}`);
}
