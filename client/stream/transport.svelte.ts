import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import type { FrameRun } from '../timeline/columns.ts';
import type { PaintedFrame, Session } from './session.svelte.ts';

/** Choices of speed; 0 is "as fast as frames are painted". */
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 0] as const;
const SHUTTLE = [1, 2, 4, 8];
/** A seek that was not answered for so long no longer holds back the next one, ms. */
const PATIENCE = 500;

/** Play, pause, step, seek, loop: what the controls and the keys do. */
export class Transport {
  speed = $state(1);
  loop = $state(false);
  /** Part of the drive to repeat. */
  range = $state.raw<FrameRun | null>(null);
  /** Frame that was asked for and is not painted yet. */
  target = $state<number | null>(null);
  /** Speed of playing backwards; 0 while not. */
  reverse = $state(0);

  readonly #session: Session;
  #asked: { generation: number; at: number } | null = null;
  #next: number | null = null;
  /** Pictures to step on when the last step was answered. */
  #steps = 0;
  #wrapping = false;
  #reverseFrom = { time: 0, at: 0 };
  /** Plays as soon as the first mask is on the screen. */
  #autoplay: boolean;
  #startFrame: number;
  #recording: string | null = null;
  /** The frame that `open` asked for. */
  #openedAt = 0;
  /** Goes on playing when what was asked for is open. */
  #resumes = false;

  constructor(session: Session, start: { readonly frame: number; readonly autoplay: boolean }) {
    this.#session = session;
    this.#autoplay = start.autoplay;
    this.#startFrame = start.frame;
    session.onPainted = (frame) => this.#painted(frame);
    session.wants = ({ frame }) => this.#wants(frame);
    session.onEnded = () => {
      if (this.loop && this.range) this.#play(this.range.first);
    };
    session.onOpening = ({ recording }) => {
      const stays = session.opened?.recording.id === recording;
      // What is shown of a feed stays live, paused or playing by itself.
      this.#resumes = stays && session.playback.playing && !session.live.feed;
      this.#openedAt = stays ? this.position : this.#startFrame;
      return this.#openedAt;
    };
    session.onMissed = () => this.#forget();
    session.onOpened = ({ frames, recording }) => {
      if (recording.id !== this.#recording) this.range = null;
      this.#recording = recording.id;
      this.#startFrame = 0;
      this.#next = null;
      this.#wrapping = false;
      this.reverse = 0;
      if (session.live.feed) {
        this.#autoplay = false;
        this.#forget();
        return;
      }
      this.target = Math.min(this.#openedAt, frames - 1);
      this.#asked = { generation: 0, at: performance.now() };
      this.#resume();
    };
  }

  /** Where the playhead stands: what was asked for, else what is painted. */
  get position(): number {
    if (this.target !== null) return this.target;
    const { painted, live, columns } = this.#session;
    if (!live.feed) return painted?.frame ?? 0;
    void this.#session.columnsVersion;
    return painted && columns ? columns.nearest(painted.pts - columns.origin) : 0;
  }

  /** The newest picture of a feed is shown as it comes. */
  get isLive(): boolean {
    return this.#session.live.feed !== null && this.#session.live.mode === 'live';
  }

  get playing(): boolean {
    return this.#session.playback.playing || this.reverse > 0;
  }

  get #last(): number {
    return Math.max(0, (this.#session.columns?.frames ?? 1) - 1);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  play(): void {
    if (!this.#session.isReady) return;
    this.reverse = 0;
    this.#autoplay = false;
    if (this.#session.live.feed) {
      if (!this.playing) this.#playFeed(this.#time);
      return;
    }
    const atEnd = this.position >= (this.loop && this.range ? this.range.last : this.#last);
    this.#play(atEnd ? (this.loop && this.range ? this.range.first : 0) : this.position);
  }

  pause(): void {
    if (!this.#session.isReady) return;
    this.#autoplay = false;
    this.reverse = 0;
    if (this.#session.live.feed) {
      this.#seekFeed(this.#time);
      return;
    }
    this.#session.send({ type: 'pause' });
    this.#session.playback = { ...this.#session.playback, playing: false };
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    if (this.#session.playback.playing) this.#send(undefined);
  }

  toggleLoop(): void {
    this.loop = !this.loop;
    if (this.#session.playback.playing) this.#send(undefined);
  }

  /** Shows a frame; goes on playing from there if it was playing. */
  jump(frame: number): void {
    const wasPlaying = this.#session.playback.playing;
    if (wasPlaying && this.#session.live.feed && this.#session.isReady) {
      this.reverse = 0;
      this.#playFeed(this.#timeOf(frame));
      return;
    }
    this.seek(frame);
    if (wasPlaying) this.#send(this.target ?? undefined);
  }

  /** Shows a frame and stays there. A newer seek replaces an older one at once. */
  seek(frame: number): void {
    this.reverse = 0;
    this.#ask(frame);
  }

  /** Like `seek`, but lets the picture that is being fetched come first: for a handle that is dragged or a key held down. */
  scrub(frame: number): void {
    this.reverse = 0;
    this.#askInTurn(frame);
  }

  step(frames: number): void {
    if (this.#session.live.feed) {
      this.reverse = 0;
      this.#stepFeed(frames);
      return;
    }
    if (this.#session.playback.playing) this.pause();
    this.scrub(this.position + frames);
  }

  /** Steps by time, to the nearest frame; keeps playing if it was. */
  stepSeconds(seconds: number): void {
    const columns = this.#session.columns;
    if (!columns) return;
    const frame = columns.nearest((columns.time[this.position] ?? 0) + seconds);
    if (this.#session.playback.playing) this.jump(frame);
    else this.scrub(frame);
  }

  /** L: plays; again: twice as fast. */
  shuttleForward(): void {
    this.speed = this.#session.playback.playing ? faster(this.speed) : 1;
    if (this.#session.playback.playing) this.#send(undefined);
    else this.play();
  }

  /** J: plays backwards, as fast as single frames can be fetched; again: twice as fast. */
  shuttleBackward(): void {
    const columns = this.#session.columns;
    if (!columns || !this.#session.isReady) return;
    if (this.#session.playback.playing) this.pause();
    this.#autoplay = false;
    this.reverse = this.reverse ? faster(this.reverse) : 1;
    this.#reverseFrom = { time: columns.time[this.position] ?? 0, at: performance.now() };
    this.#goBack();
  }

  /** Of a feed: shows the newest picture again, and goes on. */
  goLive(): void {
    const session = this.#session;
    if (!session.live.feed || !session.isReady || this.isLive) return;
    this.reverse = 0;
    this.#forget();
    session.command((generation) => ({ type: 'live', generation }));
    session.live.setMode('live');
    session.playback = { playing: true, speed: 1, ended: false };
  }

  setRangeStart(): void {
    const first = this.position;
    this.#setRange({ first, last: this.range && this.range.last > first ? this.range.last : this.#last });
  }

  setRangeEnd(): void {
    const last = this.position;
    this.#setRange({ first: this.range && this.range.first < last ? this.range.first : 0, last });
  }

  setRange(first: number, last: number): void {
    this.#setRange({ first: Math.min(first, last), last: Math.max(first, last) });
  }

  clearRange(): void {
    this.range = null;
    if (this.#session.playback.playing) this.#send(undefined);
  }

  #setRange(range: FrameRun): void {
    if (this.#session.live.feed) return;
    if (range.last <= range.first) return;
    this.range = range;
    this.loop = true;
    if (this.#session.playback.playing) this.#send(undefined);
  }

  /** What was asked for cannot be opened, and the server has paused what was open before. */
  refused(): void {
    this.#session.playback = { ...this.#session.playback, playing: false };
    if (this.#session.opened) this.#resume();
  }

  #resume(): void {
    if (!this.#resumes) return;
    this.#resumes = false;
    this.#send(this.position);
  }

  /** Feed time of the frame that is shown. */
  get #time(): number {
    const { painted } = this.#session;
    return this.target === null && painted ? painted.pts : this.#timeOf(this.position);
  }

  #timeOf(frame: number): number {
    const { columns } = this.#session;
    return columns ? columns.origin + (columns.time[Math.min(this.#last, Math.max(0, frame))] ?? columns.end) : 0;
  }

  #playFeed(time: number): void {
    const speed = this.speed || 1;
    this.#asked = { generation: this.#session.command((generation) => ({ type: 'play-from', time, speed, generation })), at: performance.now() };
    this.#session.live.setMode('playing');
    this.#session.playback = { playing: true, speed, ended: false };
  }

  #seekFeed(time: number): void {
    this.#pausedBy((generation) => ({ type: 'seek-time', time, generation }));
  }

  /** One after the other: the server counts from the picture that it has shown. */
  #stepFeed(frames: number): void {
    if (!this.#session.isReady) return;
    if (this.#asked && performance.now() - this.#asked.at < PATIENCE) {
      this.#steps += frames;
      return;
    }
    this.#steps = 0;
    this.target = null;
    this.#pausedBy((generation) => ({ type: 'step', frames, generation }));
  }

  #pausedBy(message: (generation: number) => ClientMessage): void {
    const session = this.#session;
    this.#asked = { generation: session.command(message), at: performance.now() };
    session.live.setMode('paused');
    session.playback = { ...session.playback, playing: false, ended: false };
  }

  #forget(): void {
    this.#asked = this.target = this.#next = null;
    this.#steps = 0;
  }

  #play(frame: number): void {
    if (frame !== this.position) this.#ask(frame);
    this.#send(frame);
  }

  #send(frame: number | undefined): void {
    if (this.#session.live.feed) {
      if (!this.isLive) this.#playFeed(frame === undefined ? this.#time : this.#timeOf(frame));
      return;
    }
    // The server repeats whole drives; a range is repeated from here, because it can change at any time.
    const loop = this.loop && !this.range;
    this.#session.send({ type: 'play', speed: this.speed, loop, ...(frame === undefined ? {} : { frame }) });
    this.#session.playback = { playing: true, speed: this.speed, ended: false };
  }

  #ask(frame: number): void {
    if (!this.#session.isReady) return;
    const wanted = Math.min(this.#last, Math.max(0, frame));
    this.#next = null;
    this.#steps = 0;
    this.target = wanted;
    if (this.#session.live.feed) {
      this.#seekFeed(this.#timeOf(wanted));
      return;
    }
    this.#asked = { generation: this.#session.seek(wanted), at: performance.now() };
    this.#session.playback = { ...this.#session.playback, playing: false, ended: false };
  }

  #askInTurn(frame: number): void {
    if (this.#asked && performance.now() - this.#asked.at < PATIENCE) {
      this.target = this.#next = Math.min(this.#last, Math.max(0, frame));
    } else {
      this.#ask(frame);
    }
  }

  #painted({ frame, generation, hasMask }: PaintedFrame): void {
    if (this.#asked && generation >= this.#asked.generation) {
      this.#asked = null;
      const steps = this.#steps;
      if (this.#next !== null && this.#next !== frame) this.#ask(this.#next);
      else this.target = null;
      if (steps !== 0) this.#stepFeed(steps);
    }
    if (this.reverse > 0) requestAnimationFrame(() => this.#goBack());
    if (this.#autoplay && hasMask) this.play();
  }

  /** Refuses frames behind the end of the repeated range, and begins it again. */
  #wants(frame: number): boolean {
    const { range } = this;
    if (!range || !this.loop || !this.#session.playback.playing) return true;
    if (frame <= range.last) {
      this.#wrapping = false;
      return true;
    }
    if (!this.#wrapping) {
      this.#wrapping = true;
      this.#play(range.first);
    }
    return false;
  }

  #goBack(): void {
    const columns = this.#session.columns;
    if (this.reverse === 0 || !columns || this.#asked) return;
    const time = this.#reverseFrom.time - ((performance.now() - this.#reverseFrom.at) / 1000) * this.reverse;
    const frame = time <= 0 ? 0 : columns.nearest(time);
    if (frame < this.position) this.#ask(frame);
    else requestAnimationFrame(() => this.#goBack());
    if (frame === 0) this.reverse = 0;
  }
}

function faster(speed: number): number {
  return SHUTTLE.find((step) => step > speed) ?? 8;
}
