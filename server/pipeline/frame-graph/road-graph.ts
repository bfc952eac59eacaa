import { cropInFrame, type Size } from '../../../shared/geometry.ts';
import { RoadgazeError } from '../../../shared/errors.ts';
import { appendRegion, type Grid } from '../../attention/region-graph.ts';
import {
  explainedOutput,
  imageInput,
  refuseOtherInputs,
} from '../../inference/explained-output.ts';
import type { NetworkFile } from '../../inference/network-file.ts';
import { GraphBuilder } from '../../onnx/builder.ts';
import { checkDemand } from '../../onnx/demand.ts';
import { inferShapes } from '../../onnx/infer-shapes.ts';
import { DataType } from '../../onnx/tensor.ts';
import { feedWithBytes, type BytesModel } from './frame-graph.ts';
import { REGION } from './names.ts';

/**
 * A road network from ffmpeg's bytes to the widened region on the mask's grid. Input `FRAME`,
 * output `REGION`. Throws ROAD_INVALID where the network does not give one plane per picture.
 */
export function roadModelGraph(
  network: NetworkFile,
  colorSpace: string,
  frame: Size,
  mask: Grid,
  margin: number,
): BytesModel {
  const { model, sidecar } = network;
  const image = imageInput(model, sidecar.input?.tensor ?? null);
  refuseOtherInputs(model, image);
  const shapes = inferShapes(model);
  checkDemand(model, shapes);
  const output = explainedOutput(model, shapes, image, {
    tensor: sidecar.output?.tensor ?? null,
    index: null,
  });
  const [batch, ...plane] = shapes.of(output.tensor);
  const sides = plane.filter((dim) => dim !== 1);
  const [height, width] = sides;
  if (sides.length !== 2 || typeof height !== 'number' || typeof width !== 'number') {
    throw new RoadgazeError(
      'ROAD_INVALID',
      `${model.source} gives [${[batch, ...plane].join(', ')}] per picture; a road network gives one plane, [N,1,H,W] or [N,H,W,1].`,
      'Name the right output in the sidecar, as "output": { "tensor": "…" }.',
    );
  }
  const place = cropInFrame(sidecar.input?.crop ?? null, frame);
  const builder = new GraphBuilder(model, 'roadgaze/road');
  const values = builder.node('Cast', [builder.reshape(output.tensor, [0, height, width])], {
    to: DataType.float,
  });
  appendRegion(
    builder,
    values,
    { height, width, place },
    mask,
    sidecar.output?.threshold ?? 0.5,
    margin,
    REGION,
  );
  const withRegion = builder.build({
    outputs: [{ name: REGION, type: DataType.uint8, shape: [batch!, mask.height * mask.width] }],
  });
  return feedWithBytes(withRegion, network, () => colorSpace);
}
