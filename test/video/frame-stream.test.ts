import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { decodeVideo } from '../../server/video/decoder.ts';
import type { DecodeRequest, ImageFormat } from '../../server/video/frame-source.ts';
import { freeMemory } from '../../server/video/free-memory.ts';
import { FrameSockets } from '../../server/video/frame-sockets.ts';
import { findTools } from '../../server/video/tools.ts';
import { collect } from '../support/collect.ts';
import { ffmpeg, makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { untilAtRest } from '../support/until.ts';

const GRAY: ImageFormat = {
  crop: null,
  width: 64,
  height: 20,
  pixelFormat: 'gray',
  resize: 'area',
};
const folder = temporaryFolder({ after: (done) => after(done as () => void) });
let clip: string;

before(async () => {
  // Other programs put files into the usual place for temporary files, too.
  process.env['TMPDIR'] = folder;
  clip = await makeNumberedClip(join(folder, 'long.mp4'), { frames: 400, bFrames: 2 });
  // The guard stays, with its socket.
  await collect(decodeVideo({ path: clip, images: [GRAY], frames: 1 }));
});

/**
 * Programs that this process started and that are not gone, but for the one guard (a shell) that
 * ends them with it.
 */
async function children(): Promise<string[]> {
  const text = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  const names = await Promise.all(
    text
      .split(' ')
      .filter(Boolean)
      .map((pid) =>
        readFile(`/proc/${pid}/comm`, 'utf8').then(
          (name) => `${name.trim()} ${pid}`,
          () => '',
        ),
      ),
  );
  const [guards, others] = [
    names.filter((name) => name.startsWith('sh ')),
    names.filter((name) => name && !name.startsWith('sh ')),
  ];
  assert.ok(guards.length <= 1, 'there is one guard for all');
  return others.map((name) => name.split(' ').at(-1)!);
}

async function sockets(): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith('socket:')).length;
}

describe('memory of what ffmpeg sends', () => {
  it('is given back as soon as it was looked at', async () => {
    const chunks: Uint8Array[] = [];
    let received = 0;
    let isOver = (): void => {};
    const over = new Promise<void>((resolve) => (isOver = resolve));
    const sockets = await FrameSockets.open(1, {
      open: () => {},
      data: (_, chunk) => {
        chunks.push(chunk);
        received += chunk.length;
      },
      close: () => isOver(),
      failed: assert.fail,
    });
    try {
      const writer = connect(sockets.urls[0]!.slice('unix:'.length));
      await once(writer, 'connect');
      writer.end(new Uint8Array(300_000));
      await over;
      assert.equal(received, 300_000);
      // Small pieces are not worth it.
      assert.ok(chunks.every(({ length }) => length < 16_384));
    } finally {
      await sockets.close();
    }
  });

  it('stays where other bytes lie in it', () => {
    const memory = new ArrayBuffer(40_000);
    freeMemory(new Uint8Array(memory, 0, 39_999));
    assert.equal(memory.byteLength, 40_000);
    freeMemory(new Uint8Array(memory));
    assert.equal(memory.byteLength, 0);
  });
});

describe('a stream that is left', () => {
  const ways: [how: string, leave: (request: DecodeRequest) => Promise<unknown>][] = [
    [
      'by a break',
      async (request) => {
        for await (const _ of decodeVideo(request)) break;
      },
    ],
    [
      'by an exception',
      async (request) => {
        const failing = async (): Promise<void> => {
          for await (const _ of decodeVideo(request)) throw new Error('mine');
        };
        await assert.rejects(failing(), /mine/);
      },
    ],
    [
      'by close()',
      async (request) => {
        const stream = decodeVideo(request);
        let count = 0;
        for await (const _ of stream) if (++count === 3) await stream.close();
        assert.ok(count < 400);
      },
    ],
    [
      'by close() before its first frame',
      async (request) => {
        const stream = decodeVideo(request);
        const all = collect(stream);
        await stream.close();
        assert.deepEqual(await all, []);
      },
    ],
    [
      'by an abort',
      async (request) => {
        const abort = new AbortController();
        let count = 0;
        const reading = async (): Promise<void> => {
          for await (const _ of decodeVideo({ ...request, signal: abort.signal }))
            if (++count === 3) abort.abort(new Error('enough'));
        };
        await assert.rejects(reading(), /enough/);
        assert.equal(count, 3);
      },
    ],
    [
      'by an abort beforehand',
      async (request) => {
        await assert.rejects(
          collect(decodeVideo({ ...request, signal: AbortSignal.abort(new Error('enough')) })),
          /enough/,
        );
      },
    ],
    [
      'after the frames asked for',
      async (request) => {
        assert.equal((await collect(decodeVideo({ ...request, frames: 4 }))).length, 4);
      },
    ],
    [
      'at its end',
      async (request) => {
        assert.equal((await collect(decodeVideo({ ...request, from: 12 }))).length, 40);
      },
    ],
  ];
  for (const [how, leave] of ways) {
    it(`${how} leaves no program, no socket and no file behind`, async () => {
      const files = await readdir(folder);
      const open = await sockets();
      await leave({ path: clip, images: [GRAY], display: { maxWidth: 160, quality: 8 } });
      assert.deepEqual(await children(), []);
      assert.deepEqual(await readdir(folder), files);
      await nextTurn();
      assert.ok((await sockets()) <= open);
    });
  }
});

it('ffmpeg waits while the consumer does', async () => {
  const stream = decodeVideo({ path: clip, images: [{ ...GRAY, width: 640, height: 360 }] });
  const reader = stream[Symbol.asyncIterator]();
  const first = await reader.next();
  assert.equal(first.done, false);
  const [ffmpegId] = await children();
  const read = async (): Promise<number> =>
    Number(/^wchar: (\d+)/m.exec(await readFile(`/proc/${ffmpegId}/io`, 'utf8'))![1]);
  await untilAtRest(Number(ffmpegId));
  const written = await read();
  assert.ok(written < 40 * 640 * 360, `${written} bytes were written`);
  let count = 1;
  for (let next = await reader.next(); !next.done; next = await reader.next()) count++;
  assert.equal(count, 400);
});

it('several formats of one frame come together', async () => {
  const formats: ImageFormat[] = [
    GRAY,
    { ...GRAY, pixelFormat: 'rgb24', resize: 'bilinear' },
    { ...GRAY, pixelFormat: 'yuv444p', resize: 'neighbor' },
  ];
  const frames = await collect(
    decodeVideo({
      path: clip,
      images: formats,
      display: { maxWidth: 150, quality: 5 },
      frames: 50,
    }),
  );
  assert.equal(frames.length, 50);
  for (const [
    n,
    {
      images: [gray, rgb, yuv],
      display,
    },
  ] of frames.entries()) {
    assert.deepEqual([gray!.length, rgb!.length, yuv!.length], [1280, 3840, 3840]);
    assert.deepEqual(
      [
        readFrameNumber(gray!, 64, 20),
        readFrameNumber(rgb!, 64, 20, { channels: 3 }),
        readFrameNumber(yuv!, 64, 20),
      ],
      [n, n, n],
    );
    assert.deepEqual([...display!.subarray(0, 2)], [0xff, 0xd8]);
  }
});

it('a display picture alone is the whole frame, no wider than asked, with even sides', async () => {
  const size = async (maxWidth: number): Promise<number[]> => {
    const [frame] = await collect(
      decodeVideo({ path: clip, images: [], display: { maxWidth, quality: 5 }, frames: 1 }),
    );
    const jpeg = Buffer.from(frame!.display!);
    const start = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    return [jpeg.readUInt16BE(start + 7), jpeg.readUInt16BE(start + 5)];
  };
  assert.deepEqual(await size(151), [150, 84]);
  assert.deepEqual(await size(4000), [320, 180]);
});

it('frames of which no picture is asked for are a mistake that is told at once', () => {
  assert.throws(() => decodeVideo({ path: 'any.mp4', images: [] }), /no picture of them/);
});

it('spacing leaves out the frames between', async () => {
  const frames = await collect(
    decodeVideo({ path: clip, images: [GRAY], from: 1, spacing: 0.25, frames: 5 }),
  );
  assert.deepEqual(
    frames.map(({ images }) => readFrameNumber(images[0]!, 64, 20)),
    [30, 38, 46, 54, 62],
  );
});

it('a time after the last frame gives no frames', async () => {
  assert.deepEqual(await collect(decodeVideo({ path: clip, images: [GRAY], from: 100 })), []);
});

describe('colours', () => {
  async function pixel(
    source: string,
    pixelFormat: ImageFormat['pixelFormat'],
    ...options: string[]
  ): Promise<number[]> {
    const path = join(
      folder,
      `${source.replaceAll(/\W/g, '-')}-${options.join('')}.mkv`.replaceAll(/[^\w.-]/g, ''),
    );
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      `color=${source}:s=64x64:d=0.1`,
      ...options,
      '-c:v',
      'ffv1',
      path,
    );
    const [frame] = await collect(
      decodeVideo({
        path,
        images: [{ crop: null, width: 16, height: 16, pixelFormat, resize: 'area' }],
        frames: 1,
      }),
    );
    const bytes = frame!.images[0]!;
    return pixelFormat === 'rgb24'
      ? [...bytes.subarray(0, 3)]
      : pixelFormat === 'gray'
        ? [bytes[0]!]
        : [bytes[0]!, bytes[256]!, bytes[512]!];
  }
  const near = (actual: number[], expected: number[]): void => {
    assert.ok(
      actual.every((value, i) => Math.abs(value - expected[i]!) <= 4),
      `${actual} instead of ${expected}`,
    );
  };
  const limited = (matrix: string): string[] => [
    '-vf',
    `scale=out_color_matrix=${matrix}:out_range=tv,format=yuv420p`,
    '-colorspace',
    matrix,
    '-color_range',
    'tv',
  ];

  it('gray is luma in full range', async () => {
    near(await pixel('white', 'gray', ...limited('bt709')), [255]);
    near(await pixel('0x808080', 'gray', ...limited('bt709')), [128]);
    near(
      await pixel(
        '0x808080',
        'gray',
        '-vf',
        'scale=out_range=pc,format=yuv420p',
        '-color_range',
        'pc',
      ),
      [128],
    );
  });

  it('rgb24 follows the matrix of the frame', async () => {
    near(await pixel('0xd02030', 'rgb24', ...limited('bt709')), [0xd0, 0x20, 0x30]);
    near(await pixel('0xd02030', 'rgb24', ...limited('smpte170m')), [0xd0, 0x20, 0x30]);
  });

  it('the display picture has the colours of the frame', async () => {
    for (const matrix of ['bt709', 'smpte170m']) {
      const path = join(folder, `${matrix}.mkv`);
      await ffmpeg(
        '-f',
        'lavfi',
        '-i',
        'color=0xd02030:s=64x64:d=0.1',
        ...limited(matrix),
        '-c:v',
        'ffv1',
        path,
      );
      const [frame] = await collect(
        decodeVideo({ path, images: [], display: { maxWidth: 32, quality: 2 }, frames: 1 }),
      );
      const { ffmpeg: program } = await findTools();
      const rgb = execFileSync(
        program,
        ['-v', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-'],
        { input: frame!.display! },
      );
      near([...rgb.subarray(0, 3)], [0xd0, 0x20, 0x30]);
    }
  });

  it('yuv444p is as coded, in limited range', async () => {
    near(await pixel('red', 'yuv444p', ...limited('bt709')), [63, 102, 240]);
    near(await pixel('red', 'yuv444p', ...limited('smpte170m')), [81, 90, 240]);
    near(
      await pixel(
        'white',
        'yuv444p',
        '-vf',
        'scale=out_range=pc,format=yuv420p',
        '-color_range',
        'pc',
      ),
      [235, 128, 128],
    );
  });
});
