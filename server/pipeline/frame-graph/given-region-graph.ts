import { appendRegion, type Grid } from '../../attention/region-graph.ts';
import { GraphBuilder } from '../../onnx/builder.ts';
import type { Model } from '../../onnx/graph.ts';
import { DataType } from '../../onnx/tensor.ts';
import { REGION } from './names.ts';

/**
 * A region that is given as bytes, `road` uint8 [N, height × width] with values 0 or 1, widened on
 * the mask's grid. Output `REGION`.
 */
export function givenRegionGraph(from: Grid, mask: Grid, margin: number): Model {
  const pixels = from.height * from.width;
  const empty: Model = {
    source: 'road region',
    irVersion: 8,
    opset: 13,
    otherOpsets: new Map(),
    metadata: new Map(),
    name: 'region',
    nodes: [],
    initializers: new Map(),
    inputs: [{ name: 'road', type: DataType.uint8, shape: ['N', pixels] }],
    outputs: [],
  };
  const builder = new GraphBuilder(empty, 'roadgaze/road');
  const values = builder.reshape(builder.node('Cast', ['road'], { to: DataType.float }), [
    0,
    from.height,
    from.width,
  ]);
  appendRegion(builder, values, from, mask, 0.5, margin, REGION);
  return builder.build({
    outputs: [{ name: REGION, type: DataType.uint8, shape: ['N', mask.height * mask.width] }],
  });
}
