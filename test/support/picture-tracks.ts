import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { imageFilter } from '../../server/video/filters.ts';
import type { ImageFormat } from '../../server/video/frame-source.ts';
import type { PictureTrack } from '../../server/video/picture-track.ts';
import { findTools, PROBE_ENVIRONMENT } from '../../server/video/tools.ts';

const run = promisify(execFile);

/** Epoch seconds of a clock in milliseconds, unevenly apart, as a recorder writes them. */
export function unevenTimes(count: number): Float64Array {
  let milliseconds = 1_714_000_000_123;
  return Float64Array.from(
    { length: count },
    (_, i) => (milliseconds += 40 + ((i * 7) % 23)) / 1000,
  );
}

/** A track of pictures in memory. */
export function trackOf(
  codec: PictureTrack['codec'],
  pictures: readonly Uint8Array[],
  options: Partial<PictureTrack> = {},
): PictureTrack {
  return {
    name: 'drive',
    codec,
    pts: unevenTimes(pictures.length),
    keyframes: null,
    read: (packet) => Promise.resolve({ bytes: pictures[packet]! }),
    version: () => Promise.resolve('1'),
    ...options,
  };
}

export async function hasEncoder(name: string): Promise<boolean> {
  const { stdout } = await run((await findTools()).ffmpeg, ['-hide_banner', '-encoders']);
  return stdout.includes(` ${name} `);
}

/** What ffmpeg's command line makes of a file, one buffer a frame. */
export async function decodedByFfmpeg(
  input: readonly string[],
  format: ImageFormat,
): Promise<Buffer[]> {
  const { ffmpeg, passthrough } = await findTools();
  const { stdout } = await run(
    ffmpeg,
    [
      '-v',
      'error',
      '-filter_threads',
      '1',
      '-noautorotate',
      ...input,
      '-vf',
      imageFilter(format),
      ...passthrough,
      '-f',
      'rawvideo',
      '-',
    ],
    { encoding: 'buffer', maxBuffer: 1 << 28 },
  );
  const size = format.width * format.height * (format.pixelFormat === 'gray' ? 1 : 3);
  return Array.from({ length: stdout.length / size }, (_, i) =>
    stdout.subarray(i * size, (i + 1) * size),
  );
}

/** The files of a folder with this ending, in the order of their names. */
export async function filesIn(folder: string, ending: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** Packets of a raw stream of H.264 or H.265, as ffprobe finds them. */
export async function annexBPackets(path: string): Promise<Buffer[]> {
  const { stdout } = await run(
    (await findTools()).ffprobe,
    ['-v', 'error', '-show_entries', 'packet=pos,size', '-of', 'json', path],
    { env: PROBE_ENVIRONMENT, maxBuffer: 1 << 26 },
  );
  const bytes = await readFile(path);
  const { packets } = JSON.parse(stdout) as { packets: { pos: string; size: string }[] };
  return packets.map(({ pos, size }) => bytes.subarray(Number(pos), Number(pos) + Number(size)));
}

/** Packets of an IVF file: 32 bytes, then size (4), time (8) and bytes of each. */
export async function ivfPackets(path: string): Promise<Buffer[]> {
  const bytes = await readFile(path);
  const packets: Buffer[] = [];
  for (let at = 32; at < bytes.length;) {
    const size = bytes.readUInt32LE(at);
    packets.push(bytes.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return packets;
}
