import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as ort from 'onnxruntime-node';
import { driveAt } from '../../server/drive/drives-at.ts';
import { openRecording } from '../../server/drive/open-recording.ts';
import type { DriveSource } from '../../server/drive/source.ts';
import { analyzeRecording } from '../../server/pipeline/analysis.ts';
import { explainStill } from '../../server/pipeline/explain-still.ts';
import type { StreamExplainer } from '../../server/pipeline/stream-explainer.ts';
import { moments } from '../../server/pipeline/moments.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { readNpy } from '../../server/files/npy.ts';
import { runNode } from '../setup/support.ts';
import { collect } from '../support/collect.ts';
import { ffmpeg } from '../support/clips.ts';
import {
  fedNetworks,
  FRAMES,
  HEIGHT,
  logged,
  pictureOf,
  range,
  WIDTH,
  type Answer,
  type Fed,
  type Picture,
} from '../support/fed-networks.ts';
import { Network, randomNumbers } from '../support/network.ts';
import type { Feeds } from '../support/onnx-runtime.ts';
import { repositoryRoot } from '../support/paths.ts';

/** Many commands in one process: loading each would take longer than running it. */
const ALL_IN_ONE = `(async () => {
  const [, folder, commands] = process.argv;
  const { createProgram } = await import(folder + '/command-line.js');
  for (const command of JSON.parse(commands)) {
    const program = createProgram();
    await (await import(folder + '/' + command[0] + '.js')).register(program, false);
    await program.parseAsync(command, { from: 'user' });
  }
})()`;

function movedInput(
  { type, data, dims }: ort.Tensor,
  direction: ArrayLike<number>,
  by: number,
): ort.Tensor {
  const values = Array.from(data as Iterable<number>, (value, at) => value + by * direction[at]!);
  return type === 'uint8'
    ? new ort.Tensor(type, Uint8Array.from(values), dims)
    : new ort.Tensor('float32', Float32Array.from(values), dims);
}

describe('networks that see more than the picture of a frame', () => {
  let folder: string;
  /** A video, and a drive of several cameras. */
  let drives: readonly [DriveSource, DriveSource];
  let seen: readonly ReadonlyMap<string, readonly Picture[]>[];

  /** All pictures of a camera. */
  async function picturesOf(drive: DriveSource): Promise<readonly Picture[]> {
    const images = (['yuv444p', 'gray', 'yuv420p'] as const).map((pixelFormat) => ({
      crop: null,
      width: pixelFormat === 'yuv420p' ? 2 * WIDTH : WIDTH,
      height: pixelFormat === 'yuv420p' ? 2 * HEIGHT : HEIGHT,
      pixelFormat,
      resize: 'area' as const,
    }));
    const frames = await collect(drive.frames({ images }));
    assert.equal(frames.length, FRAMES);
    return frames.map((frame) => pictureOf(frame.images[0]!, frame.images[1]!, frame.images[2]!));
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roadgaze-fed-'));
    const clip = join(folder, 'drive.mp4');
    const source = (name: string) => [
      ...['-f', 'lavfi', '-i', `${name}=size=96x48:rate=10:duration=${FRAMES / 10}`],
    ];
    await ffmpeg(
      ...source('testsrc2'),
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '7', '-pix_fmt', 'yuv444p', clip],
    );
    writeFileSync(
      join(folder, 'drive.csv'),
      [
        'time [s],speed [m/s],command',
        ...range(FRAMES).map((frame) => Object.values(logged(frame)).join()),
        '',
      ].join('\n'),
    );
    const track = join(folder, 'track');
    mkdirSync(join(track, 'IMG'), { recursive: true });
    const cameras = { center: 'testsrc2', left: 'testsrc', right: 'rgbtestsrc' };
    const named = (camera: string, frame: number) =>
      `IMG/${camera}_2017_05_19_10_11_${String(10 + Math.floor(frame / 10))}_${frame % 10}00.jpg`;
    for (const [camera, name] of Object.entries(cameras)) {
      const moving = camera === 'right' ? ['-vf', 'rotate=t'] : [];
      await ffmpeg(...source(name), ...moving, '-q:v', '3', join(track, `IMG/${camera}%d.jpg`));
      for (const frame of range(FRAMES))
        renameSync(join(track, `IMG/${camera}${frame + 1}.jpg`), join(track, named(camera, frame)));
    }
    writeFileSync(
      join(track, 'driving_log.csv'),
      range(FRAMES)
        .map((frame) =>
          [...Object.keys(cameras).map((camera) => named(camera, frame)), 0, 0, 0, 1].join(','),
        )
        .join('\n'),
    );
    const [video, several] = await Promise.all(
      [clip, track].map(async (path) => openRecording(await driveAt(path))),
    );
    drives = [video!, several!];
    seen = [
      new Map([[video!.camera, await picturesOf(video!)]]),
      new Map(
        await Promise.all(
          Object.keys(cameras).map(
            async (camera) => [camera, await picturesOf(await several!.ofCamera!(camera))] as const,
          ),
        ),
      ),
    ];
  });
  after(async () => {
    await Promise.all(drives.map((drive) => drive.close()));
    rmSync(folder, { recursive: true });
  });

  function write(fed: Fed): string {
    const { build, inputs, output, shape = ['N', 1], others = [] } = fed;
    const network = new Network({ name: 'fed.onnx', seed: 3 });
    build(network);
    const name = `fed-${fedNetworks.indexOf(fed)}`;
    const path = join(folder, `${name}.onnx`);
    writeFileSync(path, network.bytes([{ name: 'steering', type: 1, shape }, ...others]));
    writeFileSync(
      join(folder, `${name}.json`),
      JSON.stringify({ roadgaze: 2, kind: 'steering', inputs, ...(output ? { output } : {}) }),
    );
    return path;
  }

  /**
   * The original network, fed with one frame of the drive after the other; perhaps the last one
   * changed.
   */
  async function byHand(
    path: string,
    { feeds, isOfCameras }: Fed,
    { from = 0, to = FRAMES, changed = (given: Feeds) => given } = {},
  ): Promise<number[]> {
    const which = isOfCameras ? 1 : 0;
    const pictures = (camera = drives[which].camera) => seen[which]!.get(camera)!;
    const session = await ort.InferenceSession.create(readFileSync(path), {
      intraOpNumThreads: 1,
    });
    const answers: Answer[] = [];
    for (let frame = from; frame < to; frame++) {
      const back = (steps: number, camera?: string) =>
        pictures(camera)[Math.max(0, frame - steps)]!;
      const given = feeds(back, answers, frame);
      const answer = await session.run(frame === to - 1 ? changed(given) : given);
      answers.push(answer as unknown as Answer);
    }
    await session.release();
    return answers.map((answer) => Number(answer['steering']!.data[0]));
  }

  /** The frame from which one runs where another is sought; what it sees is warmed up from there. */
  function begins(fed: Fed, frame: number): number {
    const begin = frame - (fed.warmUp ?? FRAMES);
    // The frame before the first one is decoded too, for its stack: the drive's start is then seen.
    return begin <= 1 ? 0 : begin;
  }

  /** From the first of these frames on, with as many before it as state is warmed up with. */
  async function soughtByHand(
    path: string,
    fed: Fed,
    expected: readonly number[],
    frames: readonly number[],
  ): Promise<number[]> {
    const from = begins(fed, frames[0]!);
    if (from === 0) return frames.map((frame) => expected[frame]!);
    const found = await byHand(path, fed, { from });
    return frames.map((frame) => found[frame - from]!);
  }

  const opened = (
    drive: DriveSource,
    modelPath: string,
    workers: number,
  ): Promise<StreamExplainer> =>
    openStreamExplainer({
      modelPath,
      road: { kind: 'none' },
      video: drive.video,
      camera: drive.camera,
      drive,
      methods: [{ id: 'gradient' }],
      wish: { provider: 'cpu', workers },
    });

  const assertSame = (found: readonly number[], expected: readonly number[], what = '') => {
    assert.equal(found.length, expected.length);
    found.forEach((value, index) =>
      assert.ok(
        Math.abs(value - expected[index]!) < 1e-5 * Math.max(1, Math.abs(expected[index]!)),
        `${what} frame ${index}: ${value}, by hand ${expected[index]}`,
      ),
    );
  };

  it('are refused where a camera is not there that they see', async () => {
    const path = write(fedNetworks.find(({ what }) => what === 'three cameras of the drive')!);
    await assert.rejects(opened(drives[0], path, 1), {
      code: 'CAMERA_UNKNOWN',
      message: /sees a camera "center" too, which is not there/,
    });
  });

  for (const fed of fedNetworks.filter(({ isOfLog }) => !isOfLog)) {
    it(`are fed as by hand, with any number of workers and from any place on: ${fed.what}`, async () => {
      const path = write(fed);
      const drive = drives[fed.isOfCameras ? 1 : 0];
      const expected = await byHand(path, fed);
      assert.ok(Math.max(...expected) - Math.min(...expected) > 1e-2, 'frames differ');
      const { pts } = await drive.index();
      for (const workers of [3]) {
        const explainer = await opened(drive, path, workers);
        try {
          const rows = analyzeRecording({ drive, explainer, expected: pts, onEnd: () => {} });
          assertSame(
            (await collect(rows)).map(({ steering }) => steering),
            expected,
          );
          for (const [request, frames] of [
            [{ from: pts[9]!, frames: 2 }, [9, 10]],
            [{ from: pts[1]!, frames: 1 }, [1]],
            [{ from: pts[3]!, spacing: 0.3 }, range(7).map((index) => 3 + 3 * index)],
          ] as const) {
            const found: number[] = [];
            const stream = moments(drive, explainer, { ...request, images: explainer.images });
            for await (const { images, pts: time, past } of stream)
              found.push((await explainer.explain(images, time, { past })).steering);
            assertSame(found, await soughtByHand(path, fed, expected, frames));
          }
        } finally {
          await explainer.close();
        }
      }
      const { steering } = await explainStill({
        modelPath: path,
        drive,
        camera: drive.camera,
        pts: pts[11]!,
        method: 'smoothgrad',
        target: '+',
        wish: { provider: 'cpu', workers: 1 },
        signal: new AbortController().signal,
        onProgress: () => {},
      });
      assertSame([steering], await soughtByHand(path, fed, expected, [11]));
    });
  }

  it('have the same rows by analyze, and the same answer and slopes by explain', async () => {
    const sought = 11;
    const runs = fedNetworks.map((fed, index) => {
      const path = write(fed);
      const [rows, still] = [join(folder, `rows-${index}`), join(folder, `still-${index}`)];
      const given = [
        join(folder, fed.isOfCameras ? 'track' : 'drive.mp4'),
        ...['-m', path, '--method', 'gradient', '--provider', 'cpu', '--workers', '1'],
        ...(fed.isOfCameras ? ['--camera', 'center'] : []),
      ];
      const commands = [
        ['analyze', ...given, '--road', 'none', '-o', rows],
        ['explain', ...given, '--frame', `${sought}`, '-o', still],
      ];
      return { fed, path, rows, still, commands };
    });
    const told = await runNode([
      ...['-e', ALL_IN_ONE, join(repositoryRoot, 'dist/node/server/cli')],
      JSON.stringify(runs.flatMap(({ commands }) => commands)),
    ]);
    assert.deepEqual([told.status, told.stderr], [0, '']);
    for (const { fed, path, rows, still } of runs) {
      const expected = await byHand(path, fed);
      const [head, ...lines] = readFileSync(join(rows, 'frames.csv'), 'utf8').trim().split('\n');
      const column = head!.split(',').findIndex((name) => /^(steering|answer)$/.test(name));
      assertSame(
        lines.map((line) => Number(line.split(',')[column])),
        expected,
        fed.what,
      );
      const { steering, answer } = JSON.parse(
        readFileSync(join(still, 'explain.json'), 'utf8'),
      ) as Record<'steering' | 'answer', { value: number }>;
      assertSame(
        [(steering ?? answer).value],
        await soughtByHand(path, fed, expected, [sought]),
        fed.what,
      );

      const { values } = readNpy(readFileSync(join(still, 'gradient.npy')), fed.what);
      const random = randomNumbers(5);
      const direction = values.map(() => Math.sign(random()));
      // The picture of the camera that was asked for.
      const name = 'center' in fed.inputs ? 'center' : Object.keys(fed.inputs)[0]!;
      const moved = async (by: number) =>
        (
          await byHand(path, fed, {
            from: begins(fed, sought),
            to: sought + 1,
            changed: (given) => ({ ...given, [name]: movedInput(given[name]!, direction, by) }),
          })
        ).at(-1)!;
      const slope = values.reduce((sum, value, index) => sum + value * direction[index]!, 0);
      const step = name === 'input_imgs' ? 1 : 1e-4;
      const difference = ((await moved(step)) - (await moved(-step))) / (2 * step);
      assert.ok(
        Math.abs(difference - slope) < 1e-2 * Math.hypot(...values),
        `${fed.what}: slope ${slope}, by hand ${difference}`,
      );
    }
  });
});
