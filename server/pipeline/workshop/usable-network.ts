import {
  explainedOutput,
  outputChoice,
  refuseOtherInputs,
} from '../../inference/explained-output.ts';
import { fedInputs, type NetworkFile } from '../../inference/network-file.ts';
import { checkDemand } from '../../onnx/demand.ts';
import { inferKnownShapes, inferWhatIsKnown } from '../../onnx/infer-shapes.ts';
import { inPlainForm } from '../../onnx/rewrite/plain-form.ts';
import { hasBranches } from '../../onnx/subgraph-demand.ts';
import { pictureFormat } from '../frame-graph/picture-format.ts';

/** What every method needs. Throws MODEL_*, SIDECAR_INVALID. */
export function checkUsable(network: NetworkFile): void {
  const { model, image, sidecar, pictures, source } = network;
  // How often a loop runs may be known only when what leads to it is computed.
  const computed = hasBranches(model) ? inPlainForm(model) : model;
  checkDemand(computed, inferKnownShapes(computed));
  explainedOutput(
    model,
    inferWhatIsKnown(model),
    image,
    sidecar.kind === 'steering'
      ? outputChoice(sidecar.output)
      : { tensor: sidecar.output?.tensor ?? null, index: null },
  );
  for (const picture of pictures) pictureFormat(source, picture);
  refuseOtherInputs(model, image, fedInputs(network));
}
