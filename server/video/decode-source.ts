import type { Readable } from 'node:stream';
import type { DecodedFrame } from './frame-source.ts';
import type { ProbedVideo } from './probe.ts';

/** What frames are decoded from: a video file, or a track of pictures. */
export interface DecodeSource {
  /** For messages. */
  readonly name: string;
  /** What to do where no frame of it can be decoded. */
  readonly advice: string;
  /** What is missing or damaged of what has been decoded so far; plain sentences. */
  readonly warnings: readonly string[];
  /** Another one as soon as the source has changed. Throws where it is gone. */
  version(): Promise<string>;
  probe(): Promise<ProbedVideo>;
  /**
   * Where decoding may begin, so that the frame at `from` (s) is found: to be tried one after the
   * other, until the first decoded frame is not later. The last one is taken as it is. None: there
   * is no such frame.
   */
  beginnings(video: ProbedVideo, from: number): Promise<readonly DecodeBeginning[]>;
}

export interface DecodeBeginning {
  open(): DecodeInput;
  /** The frames from there on, at their right times. */
  timed(frames: AsyncIterable<DecodedFrame>): AsyncIterable<DecodedFrame>;
}

/** What ffmpeg reads. */
export interface DecodeInput {
  /** A stream is ended with the run. Its error is thrown by the run. */
  readonly url: string | Readable;
  /** What precedes `-i`. */
  readonly options: readonly string[];
  /** The presentation time at which its clock has its zero. */
  readonly origin: number;
  /**
   * Its times are no ascending presentation times, but are made so from frame to frame: so far, in
   * seconds, may they go wrong or step back. 0: they are right.
   */
  readonly disorder: number;
  /** Whether its times say when a picture of another size comes. */
  readonly tellsTimes: boolean;
  /** Makes one function for each picture format: presentation time of its next picture (s). */
  times(): (seconds: number) => number;
}
