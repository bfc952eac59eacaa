import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { findTools, PROBE_ENVIRONMENT } from '../../server/video/tools.ts';

/**
 * A clip whose frame number can be read from its pixels: vertical bars, so that cropping rows and
 * scaling keep it.
 */
export interface NumberedClip {
  readonly frames?: number;
  /** Number of the first frame; 0 without. */
  readonly first?: number;
  readonly size?: readonly [width: number, height: number];
  readonly fps?: number;
  /** Frames from one keyframe to the next. */
  readonly keyframes?: number;
  readonly bFrames?: number;
  /** Encoder and its options; H.264 without them. */
  readonly codec?: readonly string[];
  readonly pixelFormat?: string;
  /** Filter in front of the encoder, e.g. `setpts=…` for a variable frame rate. */
  readonly filter?: string;
  /** Further output options. */
  readonly options?: readonly string[];
}

const BITS = 12;
/** White, black, the number's bits (highest first), their parity, its complement. */
const BARS = BITS + 4;

/** Brightness of the bars of a frame number, from the left: 1 white, 0 black. */
export function bars(number: number): number[] {
  const bits = Array.from({ length: BITS }, (_, i) => (number >> (BITS - 1 - i)) & 1);
  const parity = bits.reduce((sum, bit) => sum ^ bit, 0);
  return [1, 0, ...bits, parity, 1 - parity];
}

/**
 * The number that the bars show, or null where there is none to read. `bytes` begin with a plane of
 * luma, or are interleaved with `channels` bytes a pixel, first row first. `left` and `right` tell
 * which part of the clip's width the picture shows, in fractions.
 */
export function readFrameNumber(
  bytes: Uint8Array,
  width: number,
  height: number,
  { channels = 1, left = 0, right = 1 } = {},
): number | null {
  const row = (height >> 1) * width;
  const seen = Array.from({ length: BARS }, (_, bar) => {
    const x = Math.floor((((bar + 0.5) / BARS - left) / (right - left)) * width);
    return bytes[(row + x) * channels]! > 125 ? 1 : 0;
  });
  const number = seen.slice(2, 2 + BITS).reduce<number>((value, bit) => value * 2 + bit, 0);
  return bars(number).every((bar, i) => bar === seen[i]) ? number : null;
}

const run = promisify(execFile);

/** Runs ffmpeg; rejects with what it complains about. */
export async function ffmpeg(...options: string[]): Promise<void> {
  await run((await findTools()).ffmpeg, [
    '-hide_banner',
    '-nostdin',
    '-loglevel',
    'error',
    '-y',
    ...options,
  ]);
}

function* pictures(
  first: number,
  frames: number,
  width: number,
  height: number,
): Generator<Buffer> {
  for (let n = first; n < first + frames; n++) {
    const shown = bars(n);
    const row = Uint8Array.from(
      { length: width },
      (_, x) => shown[Math.floor((x * BARS) / width)]! * 255,
    );
    const picture = Buffer.alloc(width * height);
    for (let y = 0; y < height; y++) picture.set(row, y * width);
    yield picture;
  }
}

/** Frame n shows n, or as many more as the first one does (0 … 4095). */
export async function makeNumberedClip(path: string, clip: NumberedClip = {}): Promise<string> {
  const {
    frames = 60,
    first = 0,
    size = [320, 180],
    fps = 30,
    keyframes = 12,
    bFrames = 0,
    pixelFormat = 'yuv420p',
    filter,
    options = [],
  } = clip;
  const codec = clip.codec ?? [
    'libx264',
    '-preset',
    'ultrafast',
    '-bf',
    String(bFrames),
    '-x264-params',
    'scenecut=0:b-adapt=0',
  ];
  const [width, height] = size;
  const { ffmpeg: program } = await findTools();
  const encoder = spawn(
    program,
    [
      '-hide_banner',
      '-loglevel',
      'error',
      '-y',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'gray',
      '-s',
      `${width}x${height}`,
      '-framerate',
      String(fps),
      '-i',
      'pipe:0',
      ...(filter ? ['-vf', filter] : []),
      '-c:v',
      ...codec,
      '-g',
      String(keyframes),
      '-pix_fmt',
      pixelFormat,
      ...options,
      `file:${path}`,
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  const closed = once(encoder, 'close');
  let complaints = '';
  encoder.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  // An encoder that gives up early says why when it ends.
  await pipeline(pictures(first, frames, width, height), encoder.stdin).catch(() => {});
  await closed;
  if (encoder.exitCode !== 0) throw new Error(`ffmpeg made no ${path}: ${complaints}`);
  return path;
}

/**
 * Presentation timestamps (s) of the decoded frames as ffprobe tells them; NaN where the frame has
 * none.
 */
export async function ffprobeFrameTimes(path: string): Promise<number[]> {
  const { ffprobe } = await findTools();
  const options = [
    '-v',
    'quiet',
    '-select_streams',
    'V:0',
    '-show_frames',
    '-show_entries',
    'frame=pts_time',
    '-of',
    'json',
    `file:${path}`,
  ];
  const { stdout } = await run(ffprobe, options, { maxBuffer: 1 << 28, env: PROBE_ENVIRONMENT });
  const { frames } = JSON.parse(stdout) as { frames: { pts_time?: string }[] };
  return frames.map(({ pts_time }) => Number.parseFloat(pts_time ?? ''));
}

async function packets(path: string): Promise<{ pos: number; size: number }[]> {
  const { ffprobe } = await findTools();
  const { stdout } = await run(
    ffprobe,
    [
      '-v',
      'quiet',
      '-select_streams',
      'V:0',
      '-show_entries',
      'packet=pos,size',
      '-of',
      'json',
      `file:${path}`,
    ],
    { env: PROBE_ENVIRONMENT },
  );
  const answer = JSON.parse(stdout) as { packets: { pos: string; size: string }[] };
  return answer.packets.map(({ pos, size }) => ({ pos: Number(pos), size: Number(size) }));
}

/** Overwrites the inside of every `every`th packet. */
async function damage(path: string, every: number): Promise<void> {
  const bytes = await readFile(path);
  for (const [n, { pos, size }] of (await packets(path)).entries()) {
    if (n % every === every - 1) bytes.fill(0x5a, pos + (size >> 2), pos + (size >> 1) + 1);
  }
  await writeFile(path, bytes);
}

/** The recipe's intermediate file, beside the clip. */
function beside(path: string, name: string): string {
  return join(dirname(path), `${basename(path)}.${name}`);
}

type Recipe = (path: string) => Promise<unknown>;

/**
 * Files as they come out of cameras, phones, editors and broken cards: ending and recipe. All show
 * numbers but the last.
 */
export const SAMPLE_CLIPS = {
  plain: ['mp4', (path) => makeNumberedClip(path)],
  'B-frames': ['mp4', (path) => makeNumberedClip(path, { bFrames: 3 })],
  'open groups of pictures': [
    'mp4',
    (path) =>
      makeNumberedClip(path, {
        codec: ['libx264', '-bf', '3', '-x264-params', 'open-gop=1:scenecut=0:b-adapt=0'],
      }),
  ],
  'variable frame rate': [
    'mp4',
    (path) =>
      makeNumberedClip(path, {
        bFrames: 2,
        filter: "setpts='(N+0.4*mod(N,3)+7*gt(N,30))/(30*TB)'",
        options: ['-vsync', 'passthrough', '-enc_time_base', '1:90000'],
      }),
  ],
  'edit list': [
    'mp4',
    async (path) => {
      const whole = await makeNumberedClip(beside(path, 'whole.mp4'), { bFrames: 3 });
      await ffmpeg('-ss', '0.55', '-i', whole, '-c', 'copy', path);
    },
  ],
  'start at +5 s': [
    'mp4',
    (path) => makeNumberedClip(path, { bFrames: 2, options: ['-output_ts_offset', '5'] }),
  ],
  'start at −1 s': [
    'mp4',
    async (path) => {
      const whole = await makeNumberedClip(beside(path, 'whole.mp4'), { bFrames: 2 });
      await ffmpeg(
        '-i',
        whole,
        '-c',
        'copy',
        '-avoid_negative_ts',
        'disabled',
        '-output_ts_offset',
        '-1',
        '-use_editlist',
        '0',
        path,
      );
    },
  ],
  'MPEG-TS': ['ts', (path) => makeNumberedClip(path, { bFrames: 3, frames: 150, keyframes: 50 })],
  HEVC: [
    'mp4',
    (path) =>
      makeNumberedClip(path, {
        codec: ['libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:bframes=2'],
      }),
  ],
  rotated: [
    'mp4',
    async (path) => {
      const upright = await makeNumberedClip(beside(path, 'upright.mp4'));
      await ffmpeg('-i', upright, '-c', 'copy', '-metadata:s:v:0', 'rotate=180', path);
    },
  ],
  'odd size': ['mkv', (path) => makeNumberedClip(path, { size: [323, 181], codec: ['ffv1'] })],
  '10 bit': ['mp4', (path) => makeNumberedClip(path, { pixelFormat: 'yuv420p10le' })],
  Matroska: ['mkv', (path) => makeNumberedClip(path, { bFrames: 2 })],
  AVI: ['avi', (path) => makeNumberedClip(path, { codec: ['mpeg4', '-q:v', '3'] })],
  'timestamps from the second on': [
    'mkv',
    async (path) => {
      const whole = await makeNumberedClip(beside(path, 'whole.mp4'));
      await ffmpeg(
        '-i',
        whole,
        '-c',
        'copy',
        '-avoid_negative_ts',
        'disabled',
        '-output_ts_offset',
        '-1',
        path,
      );
    },
  ],
  'damaged packets': [
    'mp4',
    async (path) => {
      await makeNumberedClip(path, { bFrames: 2, filter: 'noise=alls=30:allf=t' });
      await damage(path, 7);
    },
  ],
} as const satisfies Record<string, readonly [ending: string, make: Recipe]>;

export type SampleClip = keyof typeof SAMPLE_CLIPS;

/** Makes the clip in the folder and gives its path. */
export async function makeSampleClip(name: SampleClip, folder: string): Promise<string> {
  const [ending, make] = SAMPLE_CLIPS[name];
  const path = join(folder, `${name.replaceAll(/[^\w+-]/g, '-')}.${ending}`);
  await make(path);
  return path;
}
