import { probeTrack } from '../video/probe-track.ts';
import { decodeTrack, trackIndex } from '../video/track-decoder.ts';
import type { FrameIndex, FramesRequest, FrameStream, VideoInfo } from '../video/frame-source.ts';
import type { PictureTrack } from '../video/picture-track.ts';
import type { LogChoices } from './log/choices.ts';
import type { DriveLog } from './log/drive-log.ts';
import { once } from './once.ts';
import { RunningStreams } from './running-streams.ts';
import type { Camera, DriveSource } from './source.ts';

/** A drive whose pictures are no video file. */
export interface TrackDrive {
  /** The reader's title. */
  readonly format: string;
  readonly path: string;
  readonly cameras: readonly Camera[];
  /** Id of the camera that the track is of. */
  readonly camera: string;
  readonly track: PictureTrack;
  readonly assumptions: readonly string[];
  /** null: nothing was logged. */
  readonly log: ((choices: LogChoices) => Promise<DriveLog> | DriveLog) | null;
  /** Closes what the track reads from. */
  readonly close?: () => Promise<void>;
}

/** Throws VIDEO_*, as `probeTrack` does. */
export async function sourceOfTrack(drive: TrackDrive): Promise<DriveSource> {
  return new TrackSource(drive, await probeTrack(drive.track));
}

class TrackSource implements DriveSource {
  readonly video: VideoInfo;
  readonly #drive: TrackDrive;
  readonly #streams = new RunningStreams();
  readonly #logs = new Map<string, () => Promise<DriveLog>>();
  readonly index = once(async (): Promise<FrameIndex> => trackIndex(this.#drive.track));
  readonly #closeTrack = once(async () => this.#drive.close?.());

  constructor(drive: TrackDrive, video: VideoInfo) {
    this.#drive = drive;
    this.video = video;
  }

  get format(): string {
    return this.#drive.format;
  }

  get path(): string {
    return this.#drive.path;
  }

  get cameras(): readonly Camera[] {
    return this.#drive.cameras;
  }

  get camera(): string {
    return this.#drive.camera;
  }

  get hasLog(): boolean {
    return this.#drive.log !== null;
  }

  get assumptions(): readonly string[] {
    return this.#drive.assumptions;
  }

  frames(request: FramesRequest): FrameStream {
    return this.#streams.start(request, (asked) => decodeTrack(this.#drive.track, asked));
  }

  async log(choices: LogChoices): Promise<DriveLog | null> {
    const { log } = this.#drive;
    if (!log) return null;
    const key = JSON.stringify(Object.entries(choices).sort());
    let read = this.#logs.get(key);
    if (!read) this.#logs.set(key, (read = once(async () => log(choices))));
    return read();
  }

  version(): Promise<string> {
    return this.#drive.track.version().catch(() => '-');
  }

  async close(): Promise<void> {
    await this.#streams.close();
    await this.#closeTrack();
  }
}
