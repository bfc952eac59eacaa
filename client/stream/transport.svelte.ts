import { nearest } from '../../shared/ascending.ts';
import type { OpenedMessage, OpenedRecording } from '../../shared/protocol/control-messages.ts';
import { FeedPlayer } from './feed-player.ts';
import { isSameCamera, isSameDrive, pictureKey, type Choice } from './open-drive.svelte.ts';
import type { Player } from './player.ts';
import { Playhead } from './playhead.svelte.ts';
import type { PlayingParts } from './playing-parts.ts';
import { RecordingPlayer } from './recording-player.ts';
import type { Repeat } from './repeat.svelte.ts';
import { Reverse } from './reverse.svelte.ts';
import type { PaintedFrame } from './screen.svelte.ts';

/** Of `open`. */
type Start =
  | { readonly frame: number; readonly time?: never }
  | { readonly frame?: never; readonly time: number };

/** Choices of speed; 0 is "as fast as frames are painted". */
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 0] as const;
const SHUTTLE = [1, 2, 4, 8];

/** Play, pause, step, seek, loop: what the controls and the keys do. */
export class Transport {
  speed = $state(1);
  readonly playhead: Playhead;
  readonly repeat: Repeat;
  readonly reverse: Reverse;
  readonly #parts: PlayingParts;
  readonly #recording: RecordingPlayer;
  readonly #feed: FeedPlayer;
  /** Plays as soon as the first mask is on the screen. */
  #autoplay: boolean;
  #startFrame: number;
  /** Of what was opened last. */
  #opened: string | null = null;
  /** What `open` asked for. */
  #openedAt: Start = { frame: 0 };
  /** Goes on playing when what was asked for is open. */
  #resumes = false;

  constructor(parts: PlayingParts, start: { readonly frame: number; readonly autoplay: boolean }) {
    const { drive, watched, playback, repeat, screen } = parts;
    this.#parts = parts;
    this.repeat = repeat;
    this.#autoplay = start.autoplay;
    this.#startFrame = start.frame;
    this.playhead = new Playhead(parts, (frame) => this.#player.seek(frame));
    this.reverse = new Reverse(parts, this.playhead);
    this.#recording = new RecordingPlayer(parts, this.playhead, () => this.speed);
    this.#feed = new FeedPlayer(parts, this.playhead, () => this.speed);
    screen.arrived.on((frame) => this.#painted(frame));
    repeat.changed.on(() => this.#goOn());
    repeat.restarted.on((first) => this.#recording.startAt(first));
    playback.reachedEnd.on(() => {
      if (repeat.repeated) this.#recording.startAt(repeat.repeated.first);
    });
    watched.missed.on(() => this.#feed.forget());
    drive.begun.on(({ opened }) => this.#begin(opened));
    drive.refused.on(() => this.#refused());
  }

  /**
   * To be called before this recording or feed is opened. Answers what to show first: another camera
   * has other frames, but the same clock.
   */
  leaveFor(choice: Choice): Start {
    const { drive, playback, watched } = this.#parts;
    const { opened } = drive;
    const stays = opened !== null && isSameDrive(opened, choice);
    // What is shown of a feed stays live, paused or playing by itself.
    this.#resumes = stays && playback.playing && !watched.feed;
    if (!stays) this.#openedAt = { frame: this.#startFrame };
    else if (opened.extent === 'growing' || isSameCamera(opened, choice))
      this.#openedAt = { frame: this.playhead.position };
    else this.#openedAt = { time: this.#time(opened) };
    return this.#openedAt;
  }

  /** The newest picture of a feed is shown as it comes. */
  get isLive(): boolean {
    return this.#feed.isLive;
  }

  get playing(): boolean {
    return this.#parts.playback.playing || this.reverse.speed > 0;
  }

  get #player(): Player {
    return this.#parts.watched.feed ? this.#feed : this.#recording;
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  play(): void {
    if (!this.#parts.drive.isReady) return;
    this.reverse.stop();
    this.#autoplay = false;
    this.#player.start();
  }

  pause(): void {
    if (!this.#parts.drive.isReady) return;
    this.#autoplay = false;
    this.reverse.stop();
    this.#player.pause();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    this.#goOn();
  }

  /** Shows a frame; goes on playing from there if it was playing. */
  jump(frame: number): void {
    this.reverse.stop();
    if (this.#parts.playback.playing) this.#player.playFrom(frame);
    else this.playhead.ask(frame);
  }

  /** Shows a frame and stays there. A newer seek replaces an older one at once. */
  seek(frame: number): void {
    this.reverse.stop();
    this.playhead.ask(frame);
  }

  /**
   * Like `seek`, but lets the picture that is being fetched come first: for a handle that is
   * dragged or a key held down.
   */
  scrub(frame: number): void {
    this.reverse.stop();
    this.playhead.askInTurn(frame);
  }

  step(frames: number): void {
    this.reverse.stop();
    this.#player.step(frames);
  }

  /** Steps by time, to the nearest frame; keeps playing if it was. */
  stepSeconds(seconds: number): void {
    const { columns } = this.#parts.analysis;
    if (!columns) return;
    const frame = columns.nearest((columns.time[this.playhead.position] ?? 0) + seconds);
    if (this.#parts.playback.playing) this.jump(frame);
    else this.scrub(frame);
  }

  /** L: plays; again: twice as fast. */
  shuttleForward(): void {
    this.speed = this.#parts.playback.playing ? faster(this.speed) : 1;
    if (this.#parts.playback.playing) this.#goOn();
    else this.play();
  }

  /** J: plays backwards; again: twice as fast. */
  shuttleBackward(): void {
    if (!this.#parts.drive.isReady) return;
    if (this.#parts.playback.playing) this.pause();
    this.#autoplay = false;
    this.reverse.start(this.reverse.speed ? faster(this.reverse.speed) : 1);
  }

  /** Of a feed: shows the newest picture again, and goes on. */
  goLive(): void {
    const { watched, drive } = this.#parts;
    if (!watched.feed || !drive.isReady || this.isLive) return;
    this.reverse.stop();
    this.#feed.goLive();
  }

  /** Repeats from here on. */
  setRangeStart(): void {
    const { range } = this.repeat;
    const { position, last } = this.playhead;
    this.setRange(position, range && range.last > position ? range.last : last);
  }

  setRangeEnd(): void {
    const { range } = this.repeat;
    const { position } = this.playhead;
    this.setRange(range && range.first < position ? range.first : 0, position);
  }

  setRange(first: number, last: number): void {
    if (!this.#parts.watched.feed)
      this.repeat.setRange({ first: Math.min(first, last), last: Math.max(first, last) });
  }

  /** What was asked for cannot be opened, and the server has paused what was open before. */
  #refused(): void {
    this.#parts.playback.pauses();
    if (this.#parts.drive.opened) this.#resume();
  }

  #begin(opened: OpenedMessage): void {
    const key = pictureKey(opened);
    this.repeat.begin(key !== this.#opened);
    this.#opened = key;
    this.#startFrame = 0;
    this.reverse.stop();
    if (opened.extent === 'growing') {
      this.#autoplay = false;
      this.#feed.forget();
      return;
    }
    this.playhead.begin(this.#startOf(opened));
    this.#resume();
  }

  /** What time it is at the playhead, s on the clock that all cameras share. */
  #time({ origin = 0 }: OpenedRecording): number {
    const { columns } = this.#parts.analysis;
    return origin + (columns ? columns.origin + (columns.time[this.playhead.position] ?? 0) : 0);
  }

  #startOf({ origin = 0, pts }: OpenedRecording): number {
    return this.#openedAt.frame ?? nearest(pts, this.#openedAt.time - origin);
  }

  #resume(): void {
    if (!this.#resumes) return;
    this.#resumes = false;
    this.#recording.resume();
  }

  #goOn(): void {
    if (this.#parts.playback.playing) this.#player.goOn();
  }

  #painted({ frame, generation, hasMask }: PaintedFrame): void {
    if (this.playhead.isAnsweredBy(generation)) {
      const steps = this.#feed.takeSteps();
      this.playhead.arrive(frame);
      if (steps !== 0) this.#feed.step(steps);
    }
    this.reverse.painted();
    if (this.#autoplay && hasMask) this.play();
  }
}

function faster(speed: number): number {
  return SHUTTLE.find((step) => step > speed) ?? 8;
}
