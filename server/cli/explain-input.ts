import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { cropInFrame, fitted, type Rectangle } from '../../shared/geometry.ts';
import type { ImageInput } from '../inference/explained-output.ts';
import type { State } from '../inference/state-inputs.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { checkCrop } from '../pipeline/frame-graph/picture-format.ts';
import { pictureColors } from '../pipeline/picture-colors.ts';
import type { BesidePicture } from '../pipeline/frame-signals.ts';
import { colorSpacesOf } from '../pipeline/other-cameras.ts';
import { moments } from '../pipeline/moments.ts';
import { stateInFrontOf } from '../pipeline/run-in.ts';
import { tensorsOfFrames } from '../pipeline/frame-tensors.ts';
import type { DriveLog } from '../drive/log/drive-log.ts';
import { readLogChoices } from '../drive/log/choices.ts';
import type { Recording } from '../drive/recording.ts';
import { openPreferredCamera } from '../drive/open-recording.ts';
import { driveAt, drivesAt } from '../drive/drives-at.ts';
import type { DriveSource } from '../drive/source.ts';
import { readNpy } from '../files/npy.ts';
import { cameraOf, chosenDrives, type DriveOptions } from './drive-options.ts';
import type { RgbPicture } from '../results/png.ts';

/** One picture as the network gets it, and what a person is shown of it. */
export interface ExplainedInput {
  readonly picture: Float32Array;
  /** What the network sees beside it; left out: nothing. */
  readonly beside?: readonly BesidePicture[];
  /** Id of the camera of a drive. */
  readonly camera?: string;
  readonly shown: RgbPicture;
  /** Where maps lie on what is shown. */
  readonly place: Rectangle;
  /** Of a video: frame number from 0, and timestamp in seconds. */
  readonly frame: number | null;
  readonly pts: number | null;
  /** What was taken for granted of the file, a sentence each. */
  readonly assumptions: readonly string[];
  /** Of the frames that the network sees, which one is shown, in its steps back from the newest. */
  readonly stepsBack: number;
  /** What the network has in mind in front of the frame; null: as with the first one. */
  readonly state: State | null;
  /** What was logged, where the network takes signals. */
  readonly log: DriveLog | null;
}

export interface FrameWish extends DriveOptions {
  readonly at?: number;
  readonly frame?: number;
  readonly stepsBack?: number;
}

/** Throws INPUT_*, TENSOR_INVALID, VIDEO_*, CROP_OUTSIDE_FRAME, USAGE. */
export async function readInput(
  path: string,
  network: NetworkInfo,
  wish: FrameWish,
): Promise<ExplainedInput> {
  const { image } = network;
  if (extname(path).toLowerCase() !== '.npy') return readFrame(path, network, wish);
  if (wish.at !== undefined || wish.frame !== undefined)
    throw new RoadgazeError(
      'USAGE',
      `${basename(path)} is one picture: --at and --frame are for videos.`,
      'Leave them out.',
    );
  const picture = await readTensor(path, network, image);
  const { width, height } = image;
  return {
    picture,
    shown: { width, height, rgb: pictureColors(network, image, picture) },
    place: { x: 0, y: 0, width, height },
    frame: null,
    pts: null,
    assumptions: [],
    stepsBack: stepsBackOf(network, wish),
    state: null,
    log: null,
  };
}

async function readTensor(
  path: string,
  network: NetworkInfo,
  image: ImageInput,
): Promise<Float32Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `${path} cannot be opened.`,
      'Check the name, and that you may read it.',
      { cause },
    );
  }
  const { dims, values } = readNpy(bytes, basename(path));
  const { channels, height, width } = image;
  const own = image.layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  // A batch of one, and the axis of a single channel, may be there or not.
  const meant = (shape: readonly number[]) => shape.filter((size) => size !== 1).join();
  if (meant(dims) !== meant(own)) {
    throw new RoadgazeError(
      'TENSOR_INVALID',
      `${basename(path)} has the shape [${dims.join(', ')}], but the picture of ${network.source} is [1, ${own.join(', ')}].`,
      'Save the tensor exactly as the network is fed with it.',
    );
  }
  if (values.some((value) => !Number.isFinite(value)))
    throw new RoadgazeError(
      'TENSOR_INVALID',
      `${basename(path)} holds values that are not finite numbers.`,
      'Look for NaN or infinity where the tensor is made.',
    );
  return values;
}

async function readFrame(
  path: string,
  network: NetworkInfo,
  wish: FrameWish,
): Promise<ExplainedInput> {
  const [only] =
    wish.drive === undefined
      ? [await driveAt(path)]
      : chosenDrives(path, await drivesAt(path), wish);
  const drive = await openPreferredCamera(
    only!,
    cameraOf(wish),
    async () => network.sidecar.input?.camera,
  );
  try {
    return await frameOf(drive, network, wish, only!);
  } finally {
    await drive.close();
  }
}

async function frameOf(
  drive: DriveSource,
  network: NetworkInfo,
  wish: FrameWish,
  { beside }: Recording,
): Promise<ExplainedInput> {
  const { video } = drive;
  checkCrop(network.source, network.sidecar.input ?? {}, video);
  const stepsBack = stepsBackOf(network, wish);
  const tensors = tensorsOfFrames(network, await colorSpacesOf(network, drive));
  const found = await findFrame(drive, wish);
  const log =
    network.signals.length > 0 && drive.hasLog
      ? await drive.log(await readLogChoices(beside.logChoices))
      : null;
  const state = await stateInFrontOf({
    network,
    drive,
    camera: drive.camera,
    from: found.from,
    log,
  });
  const { width, height } = video;
  const whole = {
    crop: null,
    width,
    height,
    pixelFormat: 'rgb24',
    resize: 'area',
    keepsShape: true,
  } as const;
  const images = [...tensors.images, whole];
  const last = tensors.images.length;
  const stream = moments(
    drive,
    { ...tensors, images: stepsBack > 0 ? images : tensors.images },
    { images, frames: 1, ...(found.from === null ? {} : { from: found.from }) },
  );
  for await (const { images: decoded, pts, fit, past } of stream) {
    const { picture, beside: others } = await tensors.read(decoded, past);
    const older = past.older[Math.min(stepsBack * network.stack.step, past.older.length) - 1];
    return {
      picture,
      beside: others,
      camera: drive.camera,
      shown: { width, height, rgb: older?.images[last] ?? decoded[last]! },
      place: fitted(
        cropInFrame(network.sidecar.input?.crop ?? null, video),
        video,
        older?.fit ?? fit,
      ),
      frame: found.frame,
      pts: found.frame === null ? null : pts,
      assumptions: drive.assumptions,
      stepsBack,
      state,
      log,
    };
  }
  throw new RoadgazeError(
    'VIDEO_UNREADABLE',
    `The frame of ${basename(drive.path)} that was asked for cannot be decoded.`,
    'Ask for another one.',
  );
}

function stepsBackOf({ source, stack }: NetworkInfo, { stepsBack = 0 }: FrameWish): number {
  if (Number.isInteger(stepsBack) && stepsBack >= 0 && stepsBack < stack.count) return stepsBack;
  throw new RoadgazeError(
    'USAGE',
    stack.count === 1
      ? `${source} sees one frame at a time; there is none before.`
      : `${source} sees ${stack.count} frames; --steps-back ${stepsBack} is none of them.`,
    stack.count === 1
      ? 'Leave --steps-back out.'
      : `Choose a whole number from 0, the newest one, to ${stack.count - 1}.`,
  );
}

interface FoundFrame {
  /** null: the file is a single picture. */
  readonly frame: number | null;
  /** A time between this frame and the one before; null: the first frame. */
  readonly from: number | null;
}

async function findFrame(drive: DriveSource, { at, frame }: FrameWish): Promise<FoundFrame> {
  const { pts } = await drive.index();
  const name = basename(drive.path);
  if (at !== undefined && frame !== undefined)
    throw new RoadgazeError('USAGE', '--at and --frame both choose a frame.', 'Give one of them.');
  if (at === undefined && frame === undefined) {
    if (pts.length <= 1) return { frame: null, from: null };
    throw new RoadgazeError(
      'USAGE',
      `${name} has ${pts.length} frames.`,
      'Choose one with --at SECONDS or --frame NUMBER.',
    );
  }
  const last = pts.length - 1;
  if (frame !== undefined && !(Number.isInteger(frame) && frame <= last))
    throw new RoadgazeError(
      'USAGE',
      `${name} has no frame ${frame}; it has ${pts.length}, from 0.`,
      `Choose a whole number from 0 to ${last}.`,
    );
  const number = frame ?? shownAt(pts, at!);
  const end = pts[last]! + 1 / (drive.video.averageFrameRate || 1);
  if (at !== undefined && (at < pts[0]! || at > end))
    throw new RoadgazeError(
      'USAGE',
      `${name} shows nothing at ${at} s.`,
      `Choose a time from ${pts[0]!.toFixed(3)} to ${end.toFixed(3)} s.`,
    );
  return { frame: number, from: number === 0 ? null : (pts[number - 1]! + pts[number]!) / 2 };
}

/**
 * The last frame that begins at this time or before; timestamps are rounded to microseconds in
 * places.
 */
function shownAt(pts: Float64Array, time: number): number {
  return Math.max(
    0,
    pts.findLastIndex((start) => start <= time + 1e-6),
  );
}
