import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { reportOf } from '../../shared/errors.ts';
import { startFfmpeg, type FfmpegFile, type FfmpegProcess } from '../video/ffmpeg-process.ts';
import { FrameSockets } from '../video/frame-sockets.ts';
import type { DisplayFormat, ImageFormat } from '../video/frame-source.ts';
import { NutDemuxer } from '../video/nut-demuxer.ts';
import { findTools } from '../video/tools.ts';
import { changed, endOf, type ConnectionEnd } from './failure.ts';
import {
  comesInBursts,
  inputOptions,
  inputUrl,
  isUntimed,
  type InputRequest,
} from './input-options.ts';
import { liveOutputs, segmentFormat, type SegmentTarget } from './live-outputs.ts';
import { fromLadder } from './picture-ladder.ts';
import { SegmentRows, type SegmentRow } from './segment-rows.ts';
import { mayTellTime, sourceClockOutput, SourceClockReader } from './source-clock-output.ts';
import { StreamLines, type KnownSource } from './stream-lines.ts';
import type { FeedStream } from '../../shared/protocol/summaries.ts';

export interface ConnectionRequest extends InputRequest {
  readonly images: readonly ImageFormat[];
  readonly display: DisplayFormat;
  readonly segments: SegmentTarget | null;
  /** Whether the source's own clock is asked for, where the stream may tell it. */
  readonly asksTime: boolean;
  /** Whether packets came without a time before. */
  readonly lacksTimes: boolean;
  /** What feeds `stdin`. */
  readonly stdin: Readable | null;
}

/** A decoded picture in all formats asked for, as soon as it is there. */
export interface ArrivedPicture {
  /** Seconds, as the stream has it. */
  readonly pts: number;
  /** Milliseconds since 1970, when its last byte came from ffmpeg. */
  readonly arrival: number;
  readonly images: readonly Uint8Array[];
  /** JPEG. */
  readonly display: Uint8Array;
}

export interface ConnectionHandlers {
  picture(picture: ArrivedPicture): void;
  stream(info: FeedStream): void;
  /** A segment of the ring begins with this timestamp, in ticks of its container. */
  segmentStart(ticks: number): void;
  /** A segment of the ring is complete. */
  segment(row: SegmentRow): void;
  /**
   * By the source's clock the picture of this timestamp (s) was taken then, in milliseconds since
   * 1970.
   */
  sourceTime(pts: number, time: number): void;
  /** ffmpeg met damage. */
  damage(): void;
}

/** A picture earlier than the one before by less than this (s) is damage, by more a new clock. */
const NEW_CLOCK = 1;
/**
 * Timestamps that run ahead of the time of day by so much (s) from one picture to the next are a
 * new clock.
 */
const LEAP = 5;
/** How long (ms) ffmpeg may take its leave. */
const LEAVE = 700;

interface Output {
  readonly demuxer: NutDemuxer;
  readonly waiting: { readonly ticks: number; readonly bytes: Uint8Array }[];
}

/**
 * One ffmpeg that reads the feed from opening it to its end. It never waits for whoever takes the
 * pictures.
 */
export class LiveConnection {
  /** Resolves when ffmpeg is gone, and with it its sockets. */
  readonly ended: Promise<ConnectionEnd>;
  readonly #request: ConnectionRequest;
  readonly #handlers: ConnectionHandlers;
  readonly #outputs: readonly Output[];
  readonly #rows: SegmentRows;
  #clock: SourceClockReader | null;
  #process: FfmpegProcess | null = null;
  #end: ConnectionEnd | null = null;
  #lastError = '';
  #pictureKind = '';
  #count = 0;
  #last: { readonly pts: number; readonly arrival: number } | null = null;
  #open = 0;
  #drained: (() => void) | null = null;

  constructor(request: ConnectionRequest, handlers: ConnectionHandlers) {
    this.#request = request;
    this.#handlers = handlers;
    this.#outputs = Array.from({ length: request.images.length + 1 }, () => ({
      demuxer: new NutDemuxer(),
      waiting: [],
    }));
    this.#rows = new SegmentRows((row) => handlers.segment(row));
    this.#clock = new SourceClockReader((pts, time) => handlers.sourceTime(pts, time));
    this.ended = this.#run();
  }

  /** Ends the connection. The first reason counts. */
  finish(end: ConnectionEnd): void {
    this.#end ??= end;
    this.#process?.stop(LEAVE);
  }

  /** Rejects with FFMPEG_MISSING. */
  async #run(): Promise<ConnectionEnd> {
    const { address, images, display, segments, asksTime, lacksTimes } = this.#request;
    const tools = await findTools();
    const pictures = this.#outputs.length;
    const known = pictures + (segments ? 1 : 0);
    const clock = asksTime && mayTellTime(address.scheme) ? known : null;
    const sockets = await FrameSockets.open(clock === null ? known : known + 1, {
      open: () => this.#open++,
      data: (index, chunk) =>
        index < pictures
          ? this.#take(index, chunk)
          : index === clock
            ? this.#takeTime(chunk)
            : this.#rows.add(chunk),
      close: () => {
        if (--this.#open === 0) this.#drained?.();
      },
      failed: (error) => this.finish({ reason: reportOf(error), retry: 'later' }),
    });
    try {
      const untimed = isUntimed(this.#request.source);
      const outputs = liveOutputs({
        images,
        display,
        segments,
        untimed,
        lacksTimes,
        urls: sockets.urls,
        tools,
        isRaw: address.scheme === 'camera',
      });
      if (clock !== null) outputs.push(sourceClockOutput(sockets.urls[clock]!));
      const lines = new StreamLines({
        opened: (source) => this.#opened(source),
        pictures: (info) => this.#pictures(info),
        segment: (ticks) => this.#handlers.segmentStart(ticks),
      });
      this.#process = await startFfmpeg([this.#input()], outputs, (line) =>
        this.#line(line, lines),
      );
      if (this.#end) this.#process.stop(LEAVE);
      const { success, reason } = await this.#process.ended;
      // What ffmpeg wrote just before it ended is read in the next turns.
      await nextTurn();
      await nextTurn();
      if (this.#open > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
      return (
        this.#end ?? endOf(address, this.#lastError || (success ? '' : reason), this.#count > 0)
      );
    } finally {
      await sockets.close();
    }
  }

  #input(): FfmpegFile<string | Readable> {
    const { address, stdin } = this.#request;
    const log = [
      '-hide_banner',
      '-nostats',
      ...(stdin ? [] : ['-nostdin']),
      '-loglevel',
      'repeat+level+verbose',
      '-filter_threads',
      '1',
      '-filter_complex_threads',
      '1',
    ];
    return {
      url: stdin ?? inputUrl(address),
      options: [...log, ...inputOptions(this.#request)] as unknown as [string, string],
    };
  }

  #line(line: string, lines: StreamLines): void {
    lines.add(line);
    const [, component, text] =
      /^(?:\[(\w+)[^\]]*\] )?\[(?:error|fatal|panic)\] (.*)$/.exec(line.trim()) ?? [];
    // What ffmpeg says when it is told to stop is no news.
    if (text === undefined || this.#end) return;
    if (component === undefined || !this.#lastError)
      this.#lastError = text.replace(`${this.#request.address.url}: `, '');
    if (this.#count > 0) this.#handlers.damage();
  }

  #opened(source: KnownSource): void {
    const { address, source: known, segments } = this.#request;
    const misread =
      isUntimed(source) !== isUntimed(known) ||
      comesInBursts(source) !== comesInBursts(known) ||
      (segments && address.scheme !== 'camera' && segmentFormat(source) !== segments.format);
    if (misread)
      this.finish({
        ...changed(
          address,
          `it is ${source.codec} in ${source.container}, which is read in another way`,
        ),
        source,
      });
  }

  #pictures(info: FeedStream): void {
    const kind = `${info.width}×${info.height}`;
    if (this.#pictureKind && this.#pictureKind !== kind)
      return this.finish(
        changed(
          this.#request.address,
          `its pictures are ${kind} now, and were ${this.#pictureKind}`,
        ),
      );
    const isNew = this.#pictureKind === '';
    this.#pictureKind = kind;
    if (isNew) this.#handlers.stream(info);
  }

  #take(index: number, chunk: Uint8Array): void {
    if (this.#end) return;
    const output = this.#outputs[index]!;
    try {
      for (const { pts, payload } of output.demuxer.push(chunk))
        output.waiting.push({ ticks: pts, bytes: payload });
    } catch {
      return this.finish(
        changed(this.#request.address, 'what ffmpeg handed over cannot be understood'),
      );
    }
    while (this.#outputs.every(({ waiting }) => waiting.length > 0)) this.#join();
  }

  #takeTime(chunk: Uint8Array): void {
    if (this.#end) return;
    try {
      this.#clock?.add(chunk);
    } catch {
      // Pictures go on without it.
      this.#clock = null;
    }
  }

  /** The outputs come out of one filter graph, which gives each picture to all of them. */
  #join(): void {
    const parts = this.#outputs.map(({ waiting }) => waiting.shift()!);
    const pts = fromLadder(parts[0]!.ticks, this.#count++);
    // The time of the first picture is then a guess, some frames too late: those after it would
    // seem to come too late.
    if (this.#request.lacksTimes && this.#count === 1) return;
    const arrival = performance.timeOrigin + performance.now();
    const last = this.#last;
    if (last) {
      if (pts < last.pts - NEW_CLOCK)
        return this.finish(changed(this.#request.address, 'its timestamps jump back'));
      if (pts - last.pts - (arrival - last.arrival) / 1000 > LEAP)
        return this.finish(changed(this.#request.address, 'its timestamps jump ahead'));
      if (pts <= last.pts) return this.#handlers.damage();
    }
    this.#last = { pts, arrival };
    const images = parts.map(({ bytes }) => bytes);
    const display = images.pop()!;
    this.#handlers.picture({ pts, arrival, images, display });
  }
}
