/**
 * Pictures that lie elsewhere than in a video file: files of a folder, messages of a bag. They are
 * decoded by the same ffmpeg as a video, at their own times.
 */
export interface PictureTrack {
  /** For messages: path of the drive, and of what in it. */
  readonly name: string;
  readonly codec: PacketCodec | RawPicture;
  /** Seconds, strictly ascending, one for each packet. A packet is one picture, whole. */
  readonly pts: Float64Array;
  /** Packets at which decoding can start, ascending; null: every one. */
  readonly keyframes: Int32Array | null;
  /**
   * The bytes of packet i, whole; of a raw picture without padding. `missing`: why it cannot be
   * read, a clause that names it (`images/12.jpg is not there`); the frame is then left out and
   * named. The track bounds how large they may be. The bytes belong to the receiver.
   */
  read(packet: number, signal?: AbortSignal): Promise<PictureBytes>;
  /** What to call packet i where it gives no picture; its number and time without. */
  nameOf?(packet: number): string;
  /** Another one as soon as what is read has changed. */
  version(): Promise<string>;
}

export type PictureBytes = { readonly bytes: Uint8Array } | { readonly missing: string };

/** H.264 and H.265 as Annex B, one picture a packet. */
export type PacketCodec = 'mjpeg' | 'png' | 'webp' | 'h264' | 'hevc' | 'vp9' | 'av1';

/** Pictures that are not compressed. */
export interface RawPicture {
  /** ffmpeg's name, e.g. `rgb24`, `bayer_rggb8`, `gray16le`. */
  readonly pixelFormat: string;
  readonly width: number;
  readonly height: number;
}
