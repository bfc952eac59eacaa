import type { ExplanationKind } from '../../../shared/methods.ts';
import type { AppendedExplanation } from '../../explain/compiled-method.ts';
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Model } from '../../onnx/graph.ts';
import { DataType, floatTensor } from '../../onnx/tensor.ts';
import { appendPlane, type PictureGrid } from './plane.ts';

/** What a result is, and how its values lie: `dims` with a batch of one. */
export interface ResultForm {
  readonly kind: ExplanationKind;
  readonly signed: boolean;
  readonly dims: readonly number[];
}

/**
 * A model that makes the plane of a result: input `values` float, shaped as its dims, output
 * `bytes` uint8 [1, H × W], as in the frame graph.
 */
export function planeGraph({ kind, signed, dims }: ResultForm, grid: PictureGrid): Model {
  const empty: Model = {
    source: 'the explanation',
    irVersion: 8,
    opset: 17,
    otherOpsets: new Map(),
    metadata: new Map(),
    name: 'plane',
    nodes: [],
    initializers: new Map(),
    inputs: [{ name: 'values', type: DataType.float, shape: dims }],
    outputs: [],
  };
  const builder = new GraphBuilder(empty, 'plane');
  appendPlane(builder, explanationOf(builder, kind, dims), signed, grid, {
    size: 'size',
    bytes: 'bytes',
  });
  return builder.build({
    outputs: [{ name: 'bytes', type: DataType.uint8, shape: [1, grid.height * grid.width] }],
  });
}

function explanationOf(
  builder: GraphBuilder,
  kind: ExplanationKind,
  dims: readonly number[],
): AppendedExplanation {
  switch (kind) {
    case 'mask':
      return {
        kind,
        raised: 'values',
        factor: builder.constant(
          floatTensor([1, dims[1]!, 1, 1], new Float32Array(dims[1]!).fill(1)),
          'factor',
        ),
        frames: dims[1]!,
      };
    case 'attribution':
      return { kind, values: 'values' };
    case 'activation-map':
      return { kind, values: 'values', height: dims[2]!, width: dims[3]!, frames: dims[1]! };
  }
}
