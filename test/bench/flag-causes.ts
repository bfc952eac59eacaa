import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { floats, withNetwork } from '../support/onnx-runtime.ts';
import { kinds, leftOuts, type Kind, type LeftOut } from './flag-kinds.ts';
import type { BenchNetwork } from './flag-networks.ts';
import { pictureBytes, view, type DrawnPiece } from './flag-pictures.ts';

/** What moves a network's wheel on a drive, in degrees. */
export interface Causes {
  readonly steering: readonly number[];
  /**
   * Steering less that on the frame without a kind, a value for each frame; 0 where there is
   * nothing of it.
   */
  readonly changes: Readonly<Record<LeftOut, readonly number[]>>;
}

/** Runs the network on all pictures of a drive, which takes a while, and keeps what it says. */
export async function causesOf(drive: DrawnPiece, network: BenchNetwork): Promise<Causes> {
  const file = join(dirname(drive.video), `causes-${network.name}-${network.digest}.json`);
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Causes;
  const causes = await withNetwork(await readFile(network.path), async (run) => {
    const steer = async (pictures: Buffer): Promise<number[]> => {
      const angles: number[] = [];
      for (let at = 0; at < pictures.length; at += BATCH * pictureBytes) {
        const batch = yuvPlanes(pictures.subarray(at, at + BATCH * pictureBytes));
        const shape = [batch.length / pictureBytes, 3, view.height, view.width];
        const { steering } = await run({ image: floats(shape, batch) });
        for (const unit of steering!.data) angles.push(unit * network.degrees);
      }
      return angles;
    };
    const steering = await steer(await drive.pictures());
    const changes = {} as Record<LeftOut, number[]>;
    for (const left of leftOuts) {
      const { frames, pictures } = await drive.picturesWithout(left);
      const angles = await steer(pictures);
      changes[left] = steering.map(() => 0);
      frames.forEach((frame, index) => {
        changes[left][frame] = steering[frame]! - angles[index]!;
      });
    }
    return { steering, changes };
  });
  await writeFile(file, JSON.stringify(causes));
  return causes;
}

const BATCH = 30;

/** As the networks were trained: `recordings/training/color.py`. */
function yuvPlanes(rgb: Uint8Array): Float32Array {
  const pixels = view.width * view.height;
  const planes = new Float32Array(rgb.length);
  for (let at = 0; at < rgb.length; at += pictureBytes) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const from = at + 3 * pixel;
      const [red, green, blue] = [rgb[from]!, rgb[from + 1]!, rgb[from + 2]!];
      const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
      planes[at + pixel] = luma;
      planes[at + pixels + pixel] = 0.492 * (blue - luma) + 128;
      planes[at + 2 * pixels + pixel] = 0.877 * (red - luma) + 128;
    }
  }
  return planes;
}

/** The kinds that move the wheel by more than `degrees` on a frame, the strongest first. */
export function namedCauses({ changes }: Causes, frame: number, degrees: number): Kind[] {
  const size = (kind: Kind) => Math.abs(changes[kind][frame]!);
  return kinds.filter((kind) => size(kind) > degrees).sort((a, b) => size(b) - size(a));
}
