import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DEFAULT_FLAG_SETTINGS } from '../../shared/flags.ts';
import {
  makeNumberedClip,
  makeSampleClip,
  ffprobeFrameTimes,
  readFrameNumber,
} from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { findTools } from '../../server/video/tools.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { maskNumber, Viewer, type SeenFrame } from './support/viewer.ts';

/** The number that a JPEG of a numbered clip shows. */
async function pictureNumber(
  jpeg: Uint8Array,
  width: number,
  height: number,
): Promise<number | null> {
  const { ffmpeg } = await findTools();
  const gray = await new Promise<Buffer>((resolve, reject) => {
    const child = execFile(
      ffmpeg,
      [
        '-loglevel',
        'error',
        '-f',
        'mjpeg',
        '-i',
        'pipe:0',
        '-f',
        'rawvideo',
        '-pix_fmt',
        'gray',
        'pipe:1',
      ],
      { encoding: 'buffer', maxBuffer: 1 << 26 },
      (error, stdout) => (error ? reject(new Error(error.message)) : resolve(stdout)),
    );
    child.stdin!.end(jpeg);
  });
  return readFrameNumber(gray, width, height);
}

describe('opening a recording', () => {
  it('lists recordings and networks, and those that cannot be opened with their error', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 10 });
    await writeFile(join(folder, 'b.mp4'), 'text');
    await writeFile(join(folder, 'a.csv'), 't [s],steering [rad]\n0,0.1\n');
    const network = await writeReadingNetwork(folder);
    await writeFile(join(folder, 'broken.onnx'), 'text');
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [network, join(folder, 'broken.onnx')] }),
    );
    const { recordings, networks, protocol } = await viewer.message('hello');
    assert.equal(protocol, 1);
    assert.deepEqual(
      recordings.map(({ id, name, hasLog, error }) => [id, name, hasLog, error?.code ?? null]),
      [
        ['a.mp4', 'a', true, null],
        ['b.mp4', 'b', false, 'VIDEO_UNREADABLE'],
      ],
    );
    assert.deepEqual(
      networks.map(({ id, error }) => [id, error?.code ?? null]),
      [
        ['reading', null],
        ['broken', 'MODEL_UNREADABLE'],
      ],
    );
    assert.deepEqual(recordings[0]?.size, { width: 320, height: 180 });
    await viewer.close();
  });

  it('shows the first frame with its mask and numbers, and without them at most before "opened"', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), {
      frames: 20,
      options: ['-output_ts_offset', '5'],
    });
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [await writeReadingNetwork(folder)] }),
    );
    let early: SeenFrame[] = [];
    viewer.send({
      type: 'open',
      recording: 'a.mp4',
      network: 'reading',
      methods: ['visualbackprop'],
    });
    const opened = await viewer.openedRecording(() => {
      early = [...viewer.frames];
      return true;
    });
    for (const { frame, pts, parts } of early)
      assert.deepEqual([frame, pts, parts.map(({ kind }) => kind)], [0, 5, ['picture']]);
    const masked = await viewer.frame(() => true, early.length);
    assert.deepEqual(
      masked.parts.map(({ kind, method, width, height }) => [kind, method, width, height]),
      [
        ['picture', '', 320, 180],
        ['mask', 'visualbackprop', 160, 8],
      ],
    );
    assert.deepEqual([masked.frame, masked.pts], [0, 5]);
    assert.equal(opened.frames, 20);
    assert.equal(opened.pts[0], 5);
    assert.equal(masked.steering, 0);
    assert.equal(maskNumber(masked), 0);
    const { name, workers } = await viewer.message('provider');
    assert.deepEqual([name, workers], ['cpu', 1]);
    await viewer.close();
  });

  it('sends picture, mask and numbers of one frame in one message', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 40, bFrames: 2 });
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [await writeReadingNetwork(folder)] }),
    );
    await viewer.open('a.mp4', 'reading');
    for (const [index, number] of [17, 3, 39].entries()) {
      const frame = await viewer.seek(number, index + 1);
      const picture = frame.parts.find(({ kind }) => kind === 'picture')!;
      assert.deepEqual(
        [
          frame.frame,
          frame.steering,
          maskNumber(frame),
          await pictureNumber(picture.bytes, picture.width, picture.height),
        ],
        [number, number, number, number],
      );
    }
    await viewer.close();
  });

  it('says why a recording or a network cannot be opened, and keeps what was open', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 10 });
    await writeFile(join(folder, 'b.mp4'), 'text');
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [await writeReadingNetwork(folder)] }),
    );
    await viewer.open('a.mp4', 'reading');
    for (const [recording, network, code] of [
      ['b.mp4', 'reading', 'VIDEO_UNREADABLE'],
      ['c.mp4', 'reading', 'RECORDING_UNKNOWN'],
      ['a.mp4', 'other', 'NETWORK_UNKNOWN'],
    ] as const) {
      const since = viewer.messages.length;
      viewer.send({ type: 'open', recording, network, methods: ['visualbackprop'] });
      assert.equal((await viewer.message('error', undefined, since)).code, code);
    }
    assert.equal((await viewer.seek(7, 1)).steering, 7);
    await viewer.close();
  });

  it('switches to another recording without a frame of the one before after "opened"', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 300 });
    await makeNumberedClip(join(folder, 'b.mp4'), { frames: 10, size: [160, 96] });
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [await writeReadingNetwork(folder)] }),
    );
    await viewer.open('a.mp4', 'reading');
    viewer.send({ type: 'play', frame: 100, speed: 0, loop: true });
    await viewer.frame(({ frame }) => frame > 110);
    viewer.send({
      type: 'open',
      recording: 'b.mp4',
      network: 'reading',
      methods: ['visualbackprop'],
    });
    let framesAtOpening = 0;
    await viewer.openedRecording(({ recording }) => {
      framesAtOpening = viewer.frames.length;
      return recording.id === 'b.mp4';
    });
    assert.equal((await viewer.seek(9, 1)).steering, 9);
    const widths = viewer.frames.slice(framesAtOpening).map(({ parts }) => parts[0]?.width);
    assert.deepEqual([...new Set(widths)], [160]);
    await viewer.close();
  });
});

describe('the analysis of a recording', () => {
  it('brings every frame once, in order, and tells when it is complete', async (t) => {
    const folder = temporaryFolder(t);
    const clip = await makeSampleClip('variable frame rate', folder);
    const viewer = await Viewer.connect(
      await serve(t, { recordings: clip, networks: [await writeReadingNetwork(folder)] }),
    );
    const { recordings } = await viewer.message('hello');
    await viewer.open(recordings[0]!.id, 'reading');
    const last = await viewer.message('analysis', ({ complete }) => complete);
    const rows = viewer.messages.flatMap((message) =>
      message.type === 'analysis' ? [message.columns] : [],
    );
    const numbers = Array.from({ length: 60 }, (_, number) => number);
    assert.deepEqual(
      rows.flatMap(({ frame }) => frame),
      numbers,
    );
    assert.deepEqual(
      rows.flatMap(({ steering }) => steering),
      numbers,
    );
    const expected = await ffprobeFrameTimes(clip);
    rows
      .flatMap(({ pts }) => pts)
      .forEach((pts, frame) =>
        assert.ok(Math.abs(pts - expected[frame]!) < 2e-6, `pts of frame ${frame}`),
      );
    assert.deepEqual([last.done, last.total, last.secondsLeft], [60, 60, 0]);
    await viewer.close();
  });

  it('runs once for all viewers: who comes late gets what is there', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 50 });
    const server = await serve(t, {
      recordings: folder,
      networks: [await writeReadingNetwork(folder)],
    });
    const early = await Viewer.connect(server);
    await early.open('a.mp4', 'reading');
    await early.message('analysis', ({ complete }) => complete);
    const late = await Viewer.connect(server);
    await late.open('a.mp4', 'reading');
    const first = await late.message('analysis');
    assert.deepEqual([first.columns.frame.length, first.complete], [50, true]);
    await Promise.all([early.close(), late.close()]);
  });

  it("flags by each viewer's own settings, at once", async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 50 });
    // The left half of the frame is road.
    const road = {
      kind: 'polygon',
      points: [
        [0, 0],
        [0.5, 0],
        [0.5, 1],
        [0, 1],
      ],
    } as const;
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [await writeReadingNetwork(folder)], road }),
    );
    await viewer.open('a.mp4', 'reading');
    await viewer.message('analysis', ({ complete }) => complete);
    const rows = viewer.messages.flatMap((message) =>
      message.type === 'analysis' ? message.columns.scores[0]!.onRoad : [],
    );
    assert.ok(rows.every((share) => share !== null && share > 0 && share < 1));
    const settings = (enterBelow: number) =>
      ({
        type: 'settings',
        flags: { ...DEFAULT_FLAG_SETTINGS, enterBelow, leaveAbove: enterBelow, minimumSeconds: 0 },
      }) as const;
    let since = viewer.messages.length;
    viewer.send(settings(1));
    const { flags } = await viewer.message('flags', undefined, since);
    assert.deepEqual(
      flags.map(({ startFrame, endFrame }) => [startFrame, endFrame]),
      [[0, 49]],
    );
    since = viewer.messages.length;
    viewer.send(settings(0));
    assert.deepEqual((await viewer.message('flags', undefined, since)).flags, []);
    await viewer.close();
  });

  it('replaces the index where decoding gives other frames than the container tells', async (t) => {
    const folder = temporaryFolder(t);
    const clip = await makeSampleClip('edit list', folder);
    const viewer = await Viewer.connect(
      await serve(t, { recordings: clip, networks: [await writeReadingNetwork(folder)] }),
    );
    const { recordings } = await viewer.message('hello');
    const opened = await viewer.open(recordings[0]!.id, 'reading');
    await viewer.message('analysis', ({ complete }) => complete);
    const decoded = viewer.messages.flatMap((message) =>
      message.type === 'analysis' ? message.columns.pts : [],
    );
    const steering = viewer.messages.flatMap((message) =>
      message.type === 'analysis' ? message.columns.steering : [],
    );
    const index = viewer.messages.find((message) => message.type === 'index')?.pts ?? opened.pts;
    assert.deepEqual(index, decoded);
    const last = await viewer.seek(decoded.length - 1, 1);
    assert.deepEqual(
      [last.frame, last.pts, last.steering],
      [decoded.length - 1, decoded.at(-1), steering.at(-1)],
    );
    await viewer.close();
  });

  it('holds what was driven against the network in its unit and sign', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 10, fps: 10 });
    await writeFile(join(folder, 'a.csv'), 't [s],steering [rad]\n0,0\n0.2,0.02\n0.4,0.04\n');
    const output = { quantity: 'angle', unit: 'deg', positive: 'right' };
    const viewer = await Viewer.connect(
      await serve(t, {
        recordings: folder,
        networks: [await writeReadingNetwork(folder, { output })],
      }),
    );
    await viewer.open('a.mp4', 'reading');
    const frame = await viewer.seek(3, 1);
    assert.ok(Math.abs(frame.driven! - -0.03 * (180 / Math.PI)) < 1e-9);
    assert.equal((await viewer.seek(9, 2)).driven, null);
    await viewer.close();
  });

  it('plays a recording whose log cannot be read, and says so', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 10 });
    await writeFile(join(folder, 'a.csv'), 'nonsense\n1\n');
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [await writeReadingNetwork(folder)] }),
    );
    await viewer.open('a.mp4', 'reading');
    assert.equal((await viewer.message('error')).code, 'LOG_INVALID');
    assert.equal((await viewer.seek(5, 1)).steering, 5);
    await viewer.close();
  });
});
