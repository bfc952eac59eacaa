import type { RoadSpecification } from '../attention/road-specification.ts';
import { readLogChoices } from '../drive/log/choices.ts';
import { openPreferredCamera } from '../drive/open-recording.ts';
import type { Recording } from '../drive/recording.ts';
import type { DriveSource } from '../drive/source.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import type { State } from '../inference/state-inputs.ts';
import {
  frameSignals,
  inputsOfFrame,
  type BesidePicture,
  type FrameSignals,
  type InputsOfFrame,
} from '../pipeline/frame-signals.ts';
import { startOf } from '../pipeline/frame-states.ts';
import { tensorsOfFrames } from '../pipeline/frame-tensors.ts';
import { moments } from '../pipeline/moments.ts';
import { openStreamExplainer } from '../pipeline/open-stream-explainer.ts';
import { colorSpacesOf } from '../pipeline/other-cameras.ts';
import { chosenFrames } from './frame-choice.ts';

/** One frame of a drive as a network sees it. */
export interface EvaluatedFrame {
  readonly drive: string;
  readonly camera: string;
  /** Counts from 0. */
  readonly frame: number;
  readonly pts: number;
  /** In the network's own units, shaped and ordered like its input with a batch of one. */
  readonly picture: Float32Array;
  readonly beside: readonly BesidePicture[];
  readonly signals: FrameSignals;
  /** What the network has in mind in front of it. */
  readonly state: State;
  /** All that goes to the network beside the picture. */
  readonly inputs: InputsOfFrame;
  /** On the picture's grid, not 0 on the road; null where it is not known. */
  readonly road: Uint8Array | null;
}

/** A drive, and how its road is known. */
export interface EvaluatedDrive {
  readonly recording: Recording;
  readonly road: RoadSpecification;
}

export interface DriveFramesRequest extends EvaluatedDrive {
  readonly network: NetworkInfo;
  readonly camera?: string | undefined;
  readonly wish: Partial<ProviderWish>;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** A drive that was opened for its frames. */
export interface DriveFrames {
  readonly length: number;
  /** What was taken for granted. */
  readonly assumptions: readonly string[];
  /** So many frames, spread over the drive. */
  read(count: number): AsyncGenerator<EvaluatedFrame, void, undefined>;
  close(): Promise<void>;
}

/** Throws INPUT_*, VIDEO_*, MODEL_*, SIDECAR_INVALID, ROAD_INVALID, CROP_OUTSIDE_FRAME. */
export async function openDriveFrames(request: DriveFramesRequest): Promise<DriveFrames> {
  const { recording, camera, network, signal } = request;
  const drive = await openPreferredCamera(
    recording,
    { ...(camera === undefined ? {} : { camera }), signal },
    async () => network.sidecar.input?.camera,
  );
  try {
    const { pts } = await drive.index();
    return {
      length: pts.length,
      assumptions: drive.assumptions,
      read: (count) => readFrames(drive, pts, count, request),
      close: () => drive.close(),
    };
  } catch (error) {
    await drive.close();
    throw error;
  }
}

async function* readFrames(
  drive: DriveSource,
  pts: Float64Array,
  count: number,
  { recording, road, network, wish, seed, signal }: DriveFramesRequest,
): AsyncGenerator<EvaluatedFrame, void, undefined> {
  const log =
    network.signals.length > 0 && drive.hasLog
      ? await drive.log(await readLogChoices(recording.beside.logChoices))
      : null;
  const signals = frameSignals(network, log);
  const tensors = tensorsOfFrames(network, await colorSpacesOf(network, drive));
  const explainer = await openStreamExplainer({
    modelPath: network.path,
    road,
    video: drive.video,
    camera: drive.camera,
    drive,
    methods: [],
    wish: { ...wish, workers: 1 },
    log: Promise.resolve(log),
    signal,
  });
  const reader = await tensors.open();
  try {
    for (const frame of chosenFrames(pts.length, count, seed)) {
      const from = frame === 0 ? {} : { from: (pts[frame - 1]! + pts[frame]!) / 2 };
      const stream = moments(drive, explainer, {
        images: explainer.images,
        frames: 1,
        signal,
        ...from,
      });
      try {
        for await (const { images, pts: at, past } of stream) {
          // Copies, because their memory moves to a worker.
          const { road: region } = await explainer.explain(copies(images), at, {
            past: { ...past, beside: copies(past.beside) },
          });
          const { picture, beside } = await reader.read(images, past);
          const state = (await past.memory?.before) ?? startOf(network.states);
          yield {
            drive: recording.name,
            camera: drive.camera,
            frame,
            pts: at,
            picture,
            beside,
            signals,
            state,
            inputs: inputsOfFrame({ signals, pts: at, states: network.states, state, beside }),
            road: region,
          };
        }
      } finally {
        await stream.close();
      }
    }
  } finally {
    await reader.close();
    await explainer.close();
  }
}

function copies(images: readonly Uint8Array[]): Uint8Array[] {
  return images.map((image) => image.slice());
}
