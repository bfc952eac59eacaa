import type { Crop, Fit } from '../../shared/geometry.ts';
import type { TimeBase } from './nut-demuxer.ts';

/**
 * What ffmpeg hands over for one network: the crop of the frame, scaled, as packed or planar bytes
 * without padding.
 */
export interface ImageFormat {
  /** null: the whole frame. Scaled to the video's size by `cropInFrame`. */
  readonly crop: Crop | null;
  readonly width: number;
  readonly height: number;
  /**
   * `gray` 1 byte a pixel, full range; `rgb24` R,G,B interleaved; `yuv444p` three full planes,
   * `yuv420p` with those of colour half as wide and high, both in limited range as coded.
   */
  readonly pixelFormat: 'gray' | 'rgb24' | 'yuv444p' | 'yuv420p';
  /** ffmpeg's scaler. */
  readonly resize: 'area' | 'bilinear' | 'bicubic' | 'neighbor';
  /**
   * For people: a frame of another shape than width × height, which are of the recording's, lies in
   * the middle with black beside it. Otherwise every frame fills the picture.
   */
  readonly keepsShape?: true;
}

/**
 * Display picture: a JPEG of the whole frame, at most this wide, even sizes, aspect kept. All of a
 * recording are of one size: a frame of another shape lies in the middle, with black beside it.
 */
export interface DisplayFormat {
  readonly maxWidth: number;
  /** ffmpeg's -q:v, 2 (best) to 31. */
  readonly quality: number;
}

export interface DecodedFrame {
  /**
   * Presentation timestamp in seconds, exactly as ffprobe gives for this decoded frame (not shifted
   * to start at 0).
   */
  readonly pts: number;
  /** One buffer per requested ImageFormat, in order. Owned by the receiver. */
  readonly images: readonly Uint8Array[];
  /** JPEG bytes, when a display format was asked for. */
  readonly display: Uint8Array | null;
  /**
   * What the frame fills of pictures that keep its shape, such as that for display: all unless its
   * shape is another. Known where such a picture was asked for.
   */
  readonly fit: Fit;
}

/** Which frames of a source, and what is made of them. */
export interface FramesRequest {
  readonly images: readonly ImageFormat[];
  readonly display?: DisplayFormat;
  /**
   * First frame wanted: the first one whose pts is ≥ this (exact). From the beginning when absent.
   */
  readonly from?: number;
  /** Stop after so many frames. */
  readonly frames?: number;
  /**
   * Thins the frames to those at least so many seconds after the one given before, for display at
   * high speed. The frames between are decoded, but neither scaled nor encoded.
   */
  readonly spacing?: number;
  readonly signal?: AbortSignal;
}

export interface DecodeRequest extends FramesRequest {
  readonly path: string;
}

/**
 * Frames in presentation order, none dropped and none invented. Leaving the loop early ends ffmpeg.
 * Backpressure: ffmpeg waits while the consumer does. Throws RoadgazeError VIDEO_* or FFMPEG_*.
 * Damage inside the file is not an error as long as frames come out; `warnings` tells of it.
 */
export interface FrameStream extends AsyncIterable<DecodedFrame> {
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

export interface VideoInfo {
  readonly path: string;
  /** Size as shown: after rotation. */
  readonly width: number;
  readonly height: number;
  readonly codec: string;
  readonly pixelFormat: string;
  /** Colour matrix as tagged: `bt709`, `smpte170m`, `bt470bg`, … or `unknown`. */
  readonly colorSpace: string;
  /** Degrees clockwise by which the coded picture is turned for display. */
  readonly rotation: 0 | 90 | 180 | 270;
  readonly averageFrameRate: number;
  readonly startTime: number;
  readonly duration: number;
  readonly container: string;
  /** Of the pictures' clock, seconds a tick. */
  readonly timeBase: TimeBase;
  /** What was taken for granted of it, a sentence each. */
  readonly assumptions?: readonly string[];
}

/**
 * Presentation timestamps (s) of all frames, ascending. `exact` is false while they come from
 * packets, not decoded frames.
 */
export interface FrameIndex {
  readonly pts: Float64Array;
  readonly exact: boolean;
  /** What of these times is not as the file has them; plain sentences. */
  readonly notes: readonly string[];
}
