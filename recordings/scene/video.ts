import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Encodes rgb24 frames to an MP4 that every browser plays: H.264 High, 4:2:0, BT.709 limited range,
 * index in front.
 */
export class VideoWriter {
  readonly #process;
  readonly #done: Promise<void>;

  constructor(file: string, width: number, height: number, fps: number, crf: number) {
    const size = `${width}x${height}`;
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
        'scale=in_range=full:out_range=limited:out_color_matrix=bt709:flags=accurate_rnd+full_chroma_int,format=yuv420p',
        '-c:v',
        'libx264',
        '-preset',
        'slow',
        '-crf',
        String(crf),
        '-profile:v',
        'high',
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
