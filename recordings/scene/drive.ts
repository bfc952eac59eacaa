import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGzip, constants } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type { View } from './messages.ts';
import { Renderer, type Drawn } from './renderer.ts';
import { truthHeader, truthOfFrame } from './truth.ts';
import { VideoWriter } from './video.ts';
import { camera } from './world/camera.ts';
import { World, type Displacement, type WorldOptions } from './world/world.ts';

export interface DriveOptions extends WorldOptions {
  name: string;
  fps: number;
  size: [number, number];
  displaced: Displacement;
  crf: number;
  /** Folder of the results. */
  out: string;
  /** File for the frames as raw rgb24, before any encoding. */
  raw: string | null;
}

/** Frames asked for ahead of the one being written, so that drawing and encoding overlap. */
const ahead = 3;

/**
 * Renders a drive: `<name>.mp4`, `<name>.csv`, `<name>.truth.jsonl.gz`. Returns frames a second.
 */
export async function renderDrive(
  options: DriveOptions,
  progress: (line: string) => void,
): Promise<number> {
  const { name, fps, size, displaced, out } = options;
  mkdirSync(out, { recursive: true });
  const world = new World(options);
  const view = fullView(size);
  const renderer = await Renderer.start();
  const video = new VideoWriter(join(out, `${name}.mp4`), ...size, fps, options.crf);
  const raw = options.raw === null ? null : createWriteStream(options.raw);
  const rows = ['t,steering [rad],curvature [1/m],speed [m/s]'];
  const truth = [JSON.stringify(truthHeader(world, name, fps, size, view, displaced))];
  const count = Math.round(options.seconds * fps);
  const started = performance.now();
  try {
    const { seed, style, seconds, without } = options;
    renderer.enter({ seed, style, seconds, without }, view);
    const waiting: Promise<Drawn>[] = [];
    for (let frame = 0; frame < count; frame++) {
      while (waiting.length < ahead && frame + waiting.length < count) {
        const next = frame + waiting.length;
        waiting.push(renderer.draw(next / fps, displaced, next));
      }
      const drawn = await (waiting.shift() as Promise<Drawn>);
      const line = truthOfFrame(world, view, drawn, displaced, frame, frame / fps);
      rows.push(
        [
          line.pts.toFixed(6),
          line.steering.toFixed(6),
          line.curvature.toFixed(8),
          line.speed.toFixed(3),
        ].join(','),
      );
      truth.push(JSON.stringify(line));
      raw?.write(drawn.rgb);
      await video.write(drawn.rgb);
      if ((frame + 1) % (fps * 5) === 0) progress(`${name}: ${frame + 1} of ${count} frames`);
    }
  } finally {
    await renderer.close();
  }
  const seconds = (performance.now() - started) / 1000;
  await video.close();
  if (raw !== null) await new Promise<void>((resolve) => raw.end(resolve));
  writeFileSync(join(out, `${name}.csv`), `${rows.join('\n')}\n`);
  const zip = createGzip({ level: constants.Z_BEST_COMPRESSION });
  await pipeline(
    Readable.from([`${truth.join('\n')}\n`]),
    zip,
    createWriteStream(join(out, `${name}.truth.jsonl.gz`)),
  );
  return count / seconds;
}

/** The whole frame at `size`, with ids at 240×135. */
export function fullView(size: [number, number]): View {
  return {
    rect: [0, 0, ...camera.frame],
    width: size[0],
    height: size[1],
    oversampling: 1,
    ids: { width: 240, height: 135, oversampling: 2 },
  };
}
