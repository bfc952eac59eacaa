import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeText } from './pixel-font.ts';
import { decodeRuns } from './run-lengths.ts';
import { readTruth, type TruthFrame, type TruthHeader } from './truth-file.ts';

const tile = { width: 400, height: 225 };
const perDrive = 4;

/** Colours of boxes, by kind. */
const boxColours: Record<string, [number, number, number]> = {
  cue: [255, 60, 220],
  car: [255, 220, 40],
  truck: [255, 170, 40],
  sign: [80, 220, 255],
  tree: [120, 255, 120],
  building: [230, 230, 230],
};
const shownWithin = 80;

/**
 * One PNG of frames from each drive: the road region tinted, the ego lane more so, objects in
 * boxes.
 */
export function makeContactSheet(folder: string, drives: readonly string[], png: string): void {
  const sheet = { width: tile.width * perDrive, height: tile.height * drives.length };
  const pixels = new Uint8Array(sheet.width * sheet.height * 3);
  drives.forEach((name, row) => {
    const { header, frames } = readTruth(join(folder, `${name}.truth.jsonl.gz`));
    for (let column = 0; column < perDrive; column++) {
      const frame = frames[Math.floor(((column + 0.5) / perDrive) * frames.length)];
      if (frame === undefined) continue;
      const picture = decodeFrame(join(folder, `${name}.mp4`), frame.pts);
      drawTruth(picture, header, frame);
      for (let y = 0; y < tile.height; y++) {
        const from = y * tile.width * 3;
        pixels.set(
          picture.subarray(from, from + tile.width * 3),
          ((row * tile.height + y) * sheet.width + column * tile.width) * 3,
        );
      }
    }
  });
  runFfmpeg(
    [
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-s',
      `${sheet.width}x${sheet.height}`,
      '-i',
      '-',
      '-vf',
      'split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=none',
      '-frames:v',
      '1',
      '-y',
      png,
    ],
    pixels,
  );
}

function decodeFrame(video: string, pts: number): Uint8Array {
  const scale = `scale=${tile.width}:${tile.height}:flags=area`;
  const seek = String(Math.max(0, pts - 0.01));
  return new Uint8Array(
    runFfmpeg([
      '-ss',
      seek,
      '-i',
      video,
      '-frames:v',
      '1',
      '-vf',
      scale,
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-',
    ]),
  );
}

function runFfmpeg(args: string[], input?: Uint8Array): Buffer {
  const result = spawnSync('ffmpeg', ['-v', 'error', ...args], {
    input,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0) throw new Error(`ffmpeg failed: ${result.stderr.toString()}`);
  return result.stdout;
}

function drawTruth(picture: Uint8Array, header: TruthHeader, frame: TruthFrame) {
  const [maskWidth, maskHeight] = header.maskSize as [number, number];
  const road = decodeRuns(frame.road, maskWidth * maskHeight);
  const lane = decodeRuns(frame.lane, maskWidth * maskHeight);
  const paint = (x: number, y: number, colour: readonly number[], share: number) => {
    if (x < 0 || y < 0 || x >= tile.width || y >= tile.height) return;
    const at = (y * tile.width + x) * 3;
    for (let c = 0; c < 3; c++)
      picture[at + c] = (picture[at + c] as number) * (1 - share) + (colour[c] as number) * share;
  };
  for (let y = 0; y < tile.height; y++) {
    for (let x = 0; x < tile.width; x++) {
      const at =
        Math.floor((y * maskHeight) / tile.height) * maskWidth +
        Math.floor((x * maskWidth) / tile.width);
      if (lane[at] === 1) paint(x, y, [40, 200, 255], 0.32);
      else if (road[at] === 1) paint(x, y, [60, 255, 90], 0.22);
    }
  }
  const scale = tile.width / header.camera.frame[0];
  for (const object of frame.objects) {
    const colour = boxColours[object.kind];
    if (colour === undefined || object.distance > shownWithin) continue;
    const [x0, y0, x1, y1] = object.box.map((value) => Math.round(value * scale)) as [
      number,
      number,
      number,
      number,
    ];
    for (let x = x0; x < x1; x++) for (const y of [y0, y1 - 1]) paint(x, y, colour, 1);
    for (let y = y0; y < y1; y++) for (const x of [x0, x1 - 1]) paint(x, y, colour, 1);
    if (object.kind !== 'tree')
      writeText(object.id, x0 + 2, Math.max(0, y0 - 7), 1, (x, y) => paint(x, y, colour, 1));
  }
  const degrees = (frame.steering * 180) / Math.PI;
  const label = `${header.name} ${frame.pts.toFixed(2)} s  steering ${degrees < 0 ? '-' : '+'}${Math.abs(degrees).toFixed(0)} deg`;
  for (let y = 0; y < 15; y++)
    for (let x = 0; x < label.length * 8 + 6; x++) paint(x, y, [0, 0, 0], 0.6);
  writeText(label, 4, 3, 2, (x, y) => paint(x, y, [255, 255, 255], 1));
}
