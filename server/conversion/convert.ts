import type { DriveLog } from '../drive/log/drive-log.ts';
import type { DriveSource } from '../drive/source.ts';
import type { EncodingOptions } from './pictures.ts';

/** A drive, and what is to become of it. */
export interface ConvertRequest extends EncodingOptions {
  /** One for each camera that is written; the clock of the first one counts. */
  readonly drives: readonly [DriveSource, ...DriveSource[]];
  /** On the clock of the first camera. */
  readonly log: DriveLog | null;
  /** A file or folder that is not there yet, or may be replaced. */
  readonly output: string;
  /** Called with how many pictures are written. */
  readonly onProgress?: (pictures: number) => void;
}

/** What was written. */
export interface Converted {
  readonly cameras: readonly ConvertedCamera[];
  /** Signals that were written, by their names; steering and speed first. */
  readonly signals: readonly string[];
  /** What is not as in the drive, a sentence each. */
  readonly notes: readonly string[];
}

export interface ConvertedCamera {
  readonly id: string;
  readonly pictures: number;
  /** `h264`, `mjpeg` … */
  readonly codec: string;
  /** They are as they were; else they were encoded anew. */
  readonly isCopied: boolean;
}
