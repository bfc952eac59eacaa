import { Renderer } from '../../recordings/scene/renderer.ts';
import type { DrivePiece } from './flag-drives.ts';
import { drawn, type DrawnPiece } from './flag-pictures.ts';

/** So many browsers draw at a time: each keeps about one core busy. */
const BROWSERS = 2;

/** All of them, in their order; what is missing is drawn, several at a time. */
export async function allDrawn(
  pieces: readonly DrivePiece[],
  progress: (line: string) => void,
): Promise<DrawnPiece[]> {
  const done: DrawnPiece[] = [];
  let next = 0;
  const draw = async () => {
    let browser: Promise<Renderer> | null = null;
    const renderer = () => (browser ??= Renderer.start());
    try {
      while (next < pieces.length) {
        const index = next++;
        done[index] = await drawn(pieces[index]!, renderer, progress);
      }
    } finally {
      await (browser as Promise<Renderer> | null)?.then((started) => started.close());
    }
  };
  await Promise.all(Array.from({ length: BROWSERS }, draw));
  return done;
}
