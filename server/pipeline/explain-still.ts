import { RoadgazeError } from '../../shared/errors.ts';
import type { Target } from '../../shared/explanations.ts';
import { describeMethod } from '../../shared/methods.ts';
import type { DriveLog } from '../drive/log/drive-log.ts';
import type { PictureSource } from '../drive/source.ts';
import type { ByHand } from '../inference/by-hand.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import { channelsOf } from '../inference/frame-stack.ts';
import { WorkerPool } from '../inference/worker-pool.ts';
import { elementCount } from '../onnx/tensor.ts';
import { writeModel } from '../onnx/write-model.ts';
import { explainTensor, type ExplainedTensor } from './explain-tensor.ts';
import { planeGraph, type ResultForm } from './frame-graph/plane-graph.ts';
import type { PictureGrid } from './frame-graph/plane.ts';
import { frameSignals, type GivenInputs } from './frame-signals.ts';
import { colorSpacesOf } from './other-cameras.ts';
import { decodeOne } from './decode-one.ts';
import { tensorsOfFrames } from './frame-tensors.ts';
import { stateInFrontOf } from './run-in.ts';
import { inWorkshop } from './workshop/workshop.ts';

export interface StillRequest {
  readonly modelPath: string;
  readonly drive: PictureSource;
  /** Id of its camera. */
  readonly camera?: string | undefined;
  /** Of the frame; null for the first one. */
  readonly pts: number | null;
  /** What was logged. */
  readonly log?: DriveLog | null;
  /** What a person sets otherwise than sidecar and log have it. */
  readonly byHand?: ByHand | undefined;
  readonly given?: GivenInputs | undefined;
  readonly method: string;
  readonly target: Target;
  readonly wish: Partial<ProviderWish>;
  readonly signal: AbortSignal;
  /** Passes over the network. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface ExplainedStill {
  /** As the file has it. */
  readonly pts: number;
  /** In the sidecar's unit. */
  readonly steering: number;
  /** uint8 on the mask's grid, as in `FrameExplanation.masks`. */
  readonly mask: Uint8Array;
  readonly note: string | null;
}

/**
 * Explains one frame of a recording by any method, also one of many passes. Rejects with the
 * signal's reason when it is aborted. Throws INPUT_*, VIDEO_*, MODEL_*, SIDECAR_INVALID, METHOD_*,
 * PROVIDER_UNAVAILABLE, INFERENCE_FAILED.
 */
export async function explainStill(request: StillRequest): Promise<ExplainedStill> {
  const { modelPath, drive, camera, method, target, wish, signal, onProgress } = request;
  const { byHand, given = {} } = request;
  const description = describeMethod(method);
  if (!description)
    throw new RoadgazeError(
      'METHOD_UNKNOWN',
      `There is no explanation method "${method}".`,
      'Reload the page, so that it is as new as the server.',
    );
  const network = await inWorkshop(
    'info',
    { path: modelPath, kind: 'steering', camera, byHand },
    { signal },
  );
  const pictures = tensorsOfFrames(network, await colorSpacesOf(network, drive));
  const { pts, images, past } = await decodeOne(drive, request.pts, pictures, signal);
  const { picture, beside } = await pictures.read(images, past);
  const log = request.log ?? null;
  const before = { network, drive, camera, from: request.pts, log, given, signal };
  const state = await stateInFrontOf(before);
  const signals = frameSignals(network, log, given);
  signal.throwIfAborted();
  const [explained] = await explainTensor({
    modelPath,
    methods: [{ id: method }],
    target,
    picture,
    beside,
    camera,
    byHand,
    signals,
    state,
    pts,
    signal,
    onProgress,
    wish,
  });
  const { values, dims, steering, note } = explained!;
  const mask = await planeOf(
    values,
    { kind: description.kind, signed: description.signed, dims },
    { ...network.image, shown: channelsOf(network.stack, network.byHand?.stepsBack) },
  );
  return { pts, steering: steering * network.shown.scale, mask, note };
}

async function planeOf(
  values: ExplainedTensor['values'],
  form: ResultForm,
  grid: PictureGrid,
): Promise<Uint8Array> {
  const link = {
    model: writeModel(planeGraph(form, grid)),
    source: 'the explanation',
    feeds: [{ name: 'values', from: 'call', input: 0, dims: form.dims.slice(1), type: 'float32' }],
  } as const;
  const chain = {
    links: [link],
    results: [{ link: 0, output: 'bytes' }],
    inputBytes: [4 * elementCount(form.dims)],
  };
  const pool = await WorkerPool.start({ chain, provider: 'cpu', threads: 1, maxBatch: 1 }, 1);
  try {
    const [bytes] = await pool.run(
      [new Uint8Array(values.buffer, values.byteOffset, values.byteLength)],
      true,
    );
    return bytes as Uint8Array;
  } finally {
    await pool.close();
  }
}
