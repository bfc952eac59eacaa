import type { RoadgazeError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import type { EncodedPictures } from '../video/encoded-pictures.ts';
import type { FrameIndex, FramesRequest, FrameStream, VideoInfo } from '../video/frame-source.ts';
import type { LogChoices } from './log/choices.ts';
import type { DriveLog } from './log/drive-log.ts';
import type { Place } from './place.ts';

/**
 * A format in which people keep drives: how it is told apart, and how its drives are opened. One
 * file or folder each, under `readers/`; `readers/index.ts` lists them.
 */
export interface DriveReader {
  /** Such as `video` or `donkeycar-tub`. */
  readonly id: string;
  /** With its article, as in "… is a Donkeycar tub". */
  readonly title: string;
  /** Videos in a folder of this format are cameras of its drives, and not listed by themselves. */
  readonly ownsVideos?: boolean;
  /**
   * Of a folder of this format: the names of what its drives are made of. Whatever else lies there
   * is looked into too. Without it, a folder is its drives and nothing else. Never throws.
   */
  partsOf?(place: Place): Promise<ReadonlySet<string>>;
  /**
   * Listed only where a folder holds nothing else: what any folder may hold, such as pictures, is
   * not meant as a drive beside others.
   */
  readonly onlyAlone?: boolean;
  /**
   * The drives in a place: one for most formats, one for each episode of a data set; null where the
   * place is not of this format. Told by content, from names and heads only: it is asked of every
   * file and folder of a catalogue. Never throws; what keeps a drive from being opened is its
   * `fault`.
   */
  recognises(place: Place): Promise<readonly DriveEntry[] | null>;
  /**
   * Opens a drive of a place that was recognised. Quick: it probes; index and log are read when they
   * are asked for. Throws RoadgazeError only.
   */
  open(place: Place, request: OpenDrive): Promise<DriveSource>;
  /**
   * What a list tells of a drive of a place, from little of it: its description, or its ends. null:
   * only opening it tells. Throws as `open`.
   */
  outline?(place: Place, key: string | null): Promise<DriveOutline | null>;
  /**
   * Whether somebody must say how many frames a second a place has (`OpenDrive.frameRate`), however
   * often that was said. Without it, where `open` throws VIDEO_RATE_UNKNOWN. Throws as `open`, but
   * not for want of the rate.
   */
  asksForRate?(place: Place): Promise<boolean>;
}

/** One drive of a place. */
export interface DriveEntry {
  /** Which of the place's drives; null where a place is one drive. */
  readonly key: string | null;
  /** As it is listed. */
  readonly name: string;
  /** Why it cannot be opened, as far as that is known already. */
  readonly fault?: RoadgazeError;
}

/** What is told of a drive in a list. */
export interface DriveOutline {
  /** null: not known before all of it was read. */
  readonly durationSeconds: number | null;
  /** As they are titled. */
  readonly cameras: readonly string[];
  /** Names of what was logged. */
  readonly signals: readonly string[];
  readonly hasLog: boolean;
  /** Of the pictures, as shown. */
  readonly size?: Size;
  readonly frameRate?: number;
}

export interface OpenDrive {
  /** Of the entry. */
  readonly key: string | null;
  /** Id of a camera; the reader's first one without. */
  readonly camera?: string;
  /** Frames a second as a person says, for what tells no rate. */
  readonly frameRate?: number;
  readonly signal?: AbortSignal;
}

/** A drive that is open: pictures on a clock, and what was logged beside them. */
export interface DriveSource {
  /** The reader's title. */
  readonly format: string;
  /** Absolute path of the place, for messages. */
  readonly path: string;
  /** At least one. */
  readonly cameras: readonly Camera[];
  /** Id of the camera that `frames` gives. */
  readonly camera: string;
  /**
   * What time it is at pts 0, in seconds, on a clock that all cameras of the drive share. Right once
   * `index` was read.
   */
  readonly origin: number;
  /** Something was logged. Whether that can be read shows `log`. */
  readonly hasLog: boolean;
  /**
   * Size, codec, rate, start and duration as the drive tells them; where it does not know how long
   * it is, `timedBy` takes that from the index.
   */
  readonly video: VideoInfo;
  /** A video file that is these pictures, at these times; null where there is none. */
  readonly videoFile: string | null;
  /** What was taken for granted of pictures and clock, a sentence each. */
  readonly assumptions: readonly string[];
  /** Times of all frames; read once. Throws VIDEO_*, LOG_INVALID. */
  index(): Promise<FrameIndex>;
  /** As `FrameStream` says. Ends with an error when the source is closed meanwhile. */
  frames(request: FramesRequest): FrameStream;
  /** The pictures without decoding them; null where they must be decoded. Throws as `index`. */
  encoded(): Promise<EncodedPictures | null>;
  /**
   * What was logged, on the clock of the pictures; null where nothing was. Read once for the same
   * choices. Throws LOG_INVALID, INPUT_NOT_FOUND.
   */
  log(choices: LogChoices): Promise<DriveLog | null>;
  /** Another text as soon as any file changes that numbers come from. Never throws. */
  version(): Promise<string>;
  /**
   * The same drive with another camera, open as long as this one; there once `openRecording` has
   * opened the drive. Throws CAMERA_UNKNOWN, VIDEO_*.
   */
  ofCamera?(camera: string): Promise<DriveSource>;
  /** Ends frame streams that run, and closes files. Does nothing a second time. */
  close(): Promise<void>;
}

export interface Camera {
  readonly id: string;
  readonly title: string;
  /** null: not counted yet. */
  readonly frames: number | null;
}

/** The part of a source that gives pictures. */
export type PictureSource = Pick<
  DriveSource,
  'path' | 'video' | 'origin' | 'index' | 'frames' | 'ofCamera'
>;
