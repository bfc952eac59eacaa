import type { EncodedPictures } from '../video/encoded-pictures.ts';
import type { FrameIndex, FramesRequest, FrameStream, VideoInfo } from '../video/frame-source.ts';
import type { LogChoices } from './log/choices.ts';
import type { DriveLog } from './log/drive-log.ts';
import { once, onceFor } from './once.ts';
import { RunningStreams } from './running-streams.ts';
import type { Camera, DriveSource } from './source.ts';

/** Pictures on a clock, of a video file or of a track. */
export interface Pictures {
  readonly video: VideoInfo;
  index(): Promise<FrameIndex>;
  frames(request: FramesRequest): FrameStream;
  /** As `DriveSource.videoFile`. */
  readonly file?: string;
  /** As `DriveSource.encoded`; without it they can only be decoded. */
  encoded?(): Promise<EncodedPictures | null>;
  /** Another one as soon as what is decoded has changed. */
  version(): Promise<string>;
}

/** What a reader knows of a drive beside its pictures. */
export interface DriveParts {
  /** The reader's title. */
  readonly format: string;
  /** Absolute path of the place. */
  readonly path: string;
  readonly cameras: readonly Camera[];
  /** Id of the one that the pictures are of. */
  readonly camera: string;
  /** As `DriveSource.origin`; 0 without it. */
  readonly origin?: () => number;
  /** What was taken for granted, a sentence each; what is added later is told from then on. */
  readonly assumptions?: readonly string[];
  /** null: nothing was logged. Called once for the same choices. */
  readonly log:
    | ((choices: LogChoices, pictures: Pictures) => Promise<DriveLog | null> | DriveLog | null)
    | null;
  /** Of what numbers come from beside the pictures, such as `filesVersion` of the log's files. */
  readonly version?: () => Promise<string>;
  /** Called when no frame stream runs any more. */
  readonly close?: () => Promise<void>;
}

/** Readings of a log that are kept; each takes as much as the log. */
const KEPT_LOGS = 2;

/** A drive out of its pictures and what else a reader knows of it. */
export function sourceOfPictures(pictures: Pictures, parts: DriveParts): DriveSource {
  return new SourceOfPictures(pictures, parts);
}

class SourceOfPictures implements DriveSource {
  readonly format: string;
  readonly path: string;
  readonly cameras: readonly Camera[];
  readonly camera: string;
  readonly hasLog: boolean;
  readonly video: VideoInfo;
  readonly videoFile: string | null;
  readonly index: () => Promise<FrameIndex>;
  readonly log: (choices: LogChoices) => Promise<DriveLog | null>;
  readonly close: () => Promise<void>;
  readonly #pictures: Pictures;
  readonly #parts: DriveParts;
  readonly #streams = new RunningStreams();

  constructor(pictures: Pictures, parts: DriveParts) {
    this.#pictures = pictures;
    this.#parts = parts;
    this.format = parts.format;
    this.path = parts.path;
    this.cameras = parts.cameras;
    this.camera = parts.camera;
    this.hasLog = parts.log !== null;
    this.video = pictures.video;
    this.videoFile = pictures.file ?? null;
    this.index = once(() => pictures.index());
    this.log = onceFor(
      async (choices) => (await parts.log?.(choices, this.#known)) ?? null,
      KEPT_LOGS,
    );
    this.close = once(async () => {
      await this.#streams.close();
      await parts.close?.();
    });
  }

  get assumptions(): readonly string[] {
    return [...(this.video.assumptions ?? []), ...(this.#parts.assumptions ?? [])];
  }

  get origin(): number {
    return this.#parts.origin?.() ?? 0;
  }

  frames(request: FramesRequest): FrameStream {
    return this.#streams.start(request, (asked) => this.#pictures.frames(asked));
  }

  async encoded(): Promise<EncodedPictures | null> {
    return (await this.#pictures.encoded?.()) ?? null;
  }

  async version(): Promise<string> {
    const versions = [this.#pictures.version(), this.#parts.version?.() ?? Promise.resolve('')];
    return (await Promise.all(versions)).join('\0');
  }

  /** With the index that was read already. */
  get #known(): Pictures {
    const pictures = this.#pictures;
    return {
      video: pictures.video,
      index: this.index,
      frames: (request) => pictures.frames(request),
      version: () => pictures.version(),
    };
  }
}
