import type { NetworkInfo } from '../inference/network-file.ts';
import { camerasBeside } from '../inference/network-pictures.ts';
import type { DecodedFrame, FrameStream } from '../video/frame-source.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import type { DriveSource, PictureSource } from '../drive/source.ts';
import type { OtherCamera } from './picture-plan.ts';

/** What moments come from. */
export type MomentSource = Pick<PictureSource, 'origin' | 'index' | 'frames' | 'ofCamera'> &
  Partial<Pick<PictureSource, 'video'>>;

/**
 * Pictures of the other cameras of a drive, joined to those of the one that is shown: of each the
 * frame that is nearest in time.
 */
export class OtherCameras {
  readonly #cameras: readonly JoinedCamera[];

  private constructor(cameras: readonly JoinedCamera[]) {
    this.#cameras = cameras;
  }

  /** Throws CAMERA_UNKNOWN, VIDEO_*. */
  static async open(
    drive: MomentSource,
    others: readonly OtherCamera[],
    signal: AbortSignal | undefined,
  ): Promise<OtherCameras> {
    // Clocks are right once the indices were read.
    if (others.length > 0) await drive.index();
    const cameras = others.map(async ({ camera, images }) => {
      const source = await cameraOf(drive, camera);
      await source.index();
      const interval = Math.max(...[drive, source].map(intervalOf));
      const shift = drive.origin - source.origin;
      const open = (pts: number) =>
        source.frames({ images, from: pts + shift - 2 * interval, ...(signal ? { signal } : {}) });
      return new JoinedCamera(camera, open, shift, interval);
    });
    return new OtherCameras(await Promise.all(cameras));
  }

  /** Of a frame of the shown camera; times must rise. All pictures, camera by camera. */
  async at(pts: number): Promise<readonly Uint8Array[]> {
    const found = await Promise.all(this.#cameras.map((camera) => camera.at(pts)));
    return found.flat();
  }

  get warnings(): readonly string[] {
    return this.#cameras.flatMap(({ warnings }) => warnings);
  }

  async close(): Promise<void> {
    await Promise.all(this.#cameras.map((camera) => camera.close()));
  }
}

/** Throws CAMERA_UNKNOWN, VIDEO_*. */
export async function cameraOf(
  drive: Pick<PictureSource, 'ofCamera'>,
  camera: string,
): Promise<DriveSource> {
  try {
    if (drive.ofCamera) return await drive.ofCamera(camera);
  } catch (error) {
    if (!(error instanceof RoadgazeError) || error.code !== 'CAMERA_UNKNOWN') throw error;
  }
  throw new RoadgazeError(
    'CAMERA_UNKNOWN',
    `The network sees a camera ${JSON.stringify(camera)} too, which is not there.`,
    'Correct "camera" in the sidecar of the network, or use it on a recording that has this camera.',
  );
}

/** Colours of the cameras that a network sees. Throws CAMERA_UNKNOWN, VIDEO_*. */
export async function colorSpacesOf(
  network: Pick<NetworkInfo, 'pictures'>,
  drive: Pick<PictureSource, 'video' | 'ofCamera'>,
): Promise<(camera: string | null) => string> {
  const found = new Map<string | null, string>([[null, drive.video.colorSpace]]);
  for (const camera of camerasBeside(network))
    found.set(camera, (await cameraOf(drive, camera)).video.colorSpace);
  return (camera) => found.get(camera)!;
}

function intervalOf({ video }: Partial<Pick<PictureSource, 'video'>>): number {
  return video && video.averageFrameRate > 0 ? 1 / video.averageFrameRate : 0;
}

class JoinedCamera {
  readonly #camera: string;
  readonly #open: (pts: number) => FrameStream;
  readonly #shift: number;
  readonly #interval: number;
  #stream: FrameStream | null = null;
  #frames: AsyncIterator<DecodedFrame> | null = null;
  #current: DecodedFrame | null = null;
  #next: DecodedFrame | null = null;
  #missing = 0;

  /** `shift`: its time − that of the shown camera. */
  constructor(camera: string, open: (pts: number) => FrameStream, shift: number, interval: number) {
    this.#camera = camera;
    this.#open = open;
    this.#shift = shift;
    this.#interval = interval;
  }

  async at(pts: number): Promise<readonly Uint8Array[]> {
    const wanted = pts + this.#shift;
    if (!this.#frames) {
      this.#stream = this.#open(pts);
      this.#frames = this.#stream[Symbol.asyncIterator]();
      this.#next = await this.#take();
    }
    const distance = (frame: DecodedFrame) => Math.abs(frame.pts - wanted);
    while (this.#next && (!this.#current || distance(this.#next) <= distance(this.#current))) {
      this.#current = this.#next;
      this.#next = await this.#take();
    }
    if (!this.#current) throw new Error(`the camera ${this.#camera} has no frame`);
    // Half a frame, and what clocks are rounded by.
    if (distance(this.#current) > 0.55 * this.#interval) this.#missing++;
    return this.#current.images;
  }

  get warnings(): readonly string[] {
    return [
      ...(this.#stream?.warnings ?? []),
      ...(this.#missing > 0
        ? [
            `The camera "${this.#camera}" has no frame at the time of ${this.#missing} of the shown frames; the nearest one stands in.`,
          ]
        : []),
    ];
  }

  async close(): Promise<void> {
    await this.#stream?.close();
  }

  async #take(): Promise<DecodedFrame | null> {
    const next = await this.#frames!.next();
    return next.done ? null : next.value;
  }
}
