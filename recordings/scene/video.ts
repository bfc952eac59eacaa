import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Encodes rgb24 frames to an MP4: BT.709 limited range, index in front. With a `crf` every browser
 * plays it, H.264 High in 4:2:0; `lossless` keeps the colour of every pixel, and few browsers do.
 */
export class VideoWriter {
  readonly #process;
  readonly #done: Promise<void>;

  constructor(file: string, width: number, height: number, fps: number, crf: number | 'lossless') {
    const size = `${width}x${height}`;
    const isLossless = crf === 'lossless';
    this.#process = spawn(
      'ffmpeg',
      [
        '-v',
        'error',
        '-y',
        '-f',
        'rawvideo',
        '-pix_fmt',
        'rgb24',
        '-s',
        size,
        '-r',
        String(fps),
        '-i',
        '-',
        '-vf',
        'scale=in_range=full:out_range=limited:out_color_matrix=bt709:flags=accurate_rnd+full_chroma_int,format=' +
          (isLossless ? 'yuv444p' : 'yuv420p'),
        '-c:v',
        'libx264',
        '-preset',
        isLossless ? 'fast' : 'slow',
        ...(isLossless ? ['-qp', '0'] : ['-crf', String(crf)]),
        '-profile:v',
        isLossless ? 'high444' : 'high',
        '-g',
        String(fps * 2),
        '-colorspace',
        'bt709',
        '-color_primaries',
        'bt709',
        '-color_trc',
        'bt709',
        '-color_range',
        'tv',
        '-movflags',
        '+faststart',
        '-map_metadata',
        '-1',
        '-fflags',
        '+bitexact',
        '-flags:v',
        '+bitexact',
        file,
      ],
      { stdio: ['pipe', 'inherit', 'inherit'] },
    );
    this.#done = new Promise((resolve, reject) => {
      this.#process.on('error', reject);
      this.#process.on('close', (code) =>
        code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`)),
      );
    });
    this.#process.stdin.on('error', () => {});
  }

  async write(rgb: Uint8Array): Promise<void> {
    if (!this.#process.stdin.write(rgb))
      await Promise.race([once(this.#process.stdin, 'drain'), this.#done]);
  }

  close(): Promise<void> {
    this.#process.stdin.end();
    return this.#done;
  }
}
