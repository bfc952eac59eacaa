import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import type { ServerOptions } from '../../server/api/server.ts';
import { serve } from './support/server.ts';
import { Viewer, type SeenFrame } from './support/viewer.ts';

const FRAMES = 30;
const leftHalf = {
  kind: 'polygon',
  points: [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ],
} as const;

async function serveClip(t: TestContext, options: Partial<ServerOptions> = {}, frames = FRAMES) {
  const folder = temporaryFolder(t);
  const clip = await makeNumberedClip(join(folder, 'a.mp4'), { frames });
  const network = writeSteeringNetwork(folder, {
    sidecar: { roadgaze: 1, kind: 'steering', output: { scale: 2 } },
  });
  return {
    clip,
    network,
    server: await serve(t, { recordings: folder, networks: [network], road: leftHalf, ...options }),
  };
}

const masksOf = ({ parts }: SeenFrame) =>
  parts.filter(({ kind }) => kind === 'mask').map(({ method }) => method);

/** All rows of the analysis that is complete with this connection's last `opened`. */
async function analysisOf(viewer: Viewer, since = 0) {
  await viewer.message('analysis', ({ complete }) => complete, since);
  return viewer.messages
    .slice(since)
    .flatMap((message) => (message.type === 'analysis' ? [message.columns] : []));
}

describe('several methods', () => {
  it('come with every frame, each with its mask and its score, in the order of the panes', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    const methods = ['gradient', 'visualbackprop', 'saliency', 'gradcam'];
    const opened = await viewer.open('a.mp4', 'small', methods);
    assert.deepEqual(opened.network.methods, methods);
    const frame = await viewer.seek(7, 1);
    assert.deepEqual(masksOf(frame), methods);
    assert.deepEqual(
      frame.parts.map(({ kind }) => kind),
      ['picture', 'mask', 'mask', 'mask', 'mask', 'road'],
    );
    assert.equal(frame.scores.length, 4);
    for (const { mass, onRoad } of frame.scores.slice(0, 3))
      assert.ok(mass > 0 && onRoad! >= 0 && onRoad! <= 1);
    assert.ok(frame.agreement!.spearman! > -1 && frame.agreement!.spearman! < 1);
    await viewer.close();
  });

  it('fill the analysis with the numbers that frames have', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small', ['visualbackprop', 'gradient']);
    const columns = await analysisOf(viewer);
    assert.deepEqual(
      columns.map(({ scores }) => scores.length),
      columns.map(() => 2),
    );
    const { scores, agreement, steering } = await viewer.seek(11, 1);
    const close = (found: number | null | undefined, expected: number | null) =>
      assert.ok(
        found === expected ||
          Math.abs(found! - expected!) < 1e-4 * Math.max(1, Math.abs(expected!)),
        `${found} is not ${expected}`,
      );
    const at = (pick: (column: (typeof columns)[number]) => readonly (number | null)[]) =>
      columns.flatMap(pick)[11];
    close(
      at((column) => column.steering),
      steering,
    );
    for (const method of [0, 1])
      for (const field of ['mass', 'onRoad', 'lift', 'peakOnRoad', 'offRoadX', 'offRoadY'] as const)
        close(
          at((column) => column.scores[method]![field]),
          scores[method]![field],
        );
    for (const field of ['spearman', 'ssim', 'topOverlap'] as const)
      close(
        at((column) => column.agreement![field]),
        agreement![field],
      );
    await viewer.close();
  });

  it('do not move the steering, and one alone has nothing to agree with', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small', ['visualbackprop']);
    const one = await viewer.seek(5, 1);
    const single = await analysisOf(viewer);
    const opened = await viewer.open('a.mp4', 'small', ['lrp-epsilon', 'visualbackprop']);
    const two = await viewer.seek(5, 2);
    const double = await analysisOf(viewer, viewer.messages.indexOf(opened));
    assert.deepEqual([one.agreement, single[0]!.agreement], [null, null]);
    assert.ok(Math.abs(one.steering! - two.steering!) < 1e-4 * Math.abs(one.steering!));
    const steering = (columns: typeof single) => columns.flatMap((column) => column.steering);
    steering(single).forEach((value, frame) =>
      assert.ok(Math.abs(value! - steering(double)[frame]!) < 1e-4 * Math.abs(value!)),
    );
    await viewer.close();
  });

  it('explain either way of steering, or how far it goes, side by side, and each as a run on one frame does', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    const methods = ['gradcam', 'gradcam:-', 'guidedbackprop:abs', 'guidedbackprop:-'];
    assert.deepEqual((await viewer.open('a.mp4', 'small', methods)).network.methods, methods);
    const frame = await viewer.seek(9, 1);
    assert.deepEqual(masksOf(frame), methods);
    const maskOf = ({ parts }: SeenFrame, name: string) =>
      parts.find(({ kind, method }) => kind === 'mask' && method === name)!.bytes;
    assert.notDeepEqual(maskOf(frame, 'gradcam'), maskOf(frame, 'gradcam:-'));
    for (const [request, name] of methods.entries()) {
      const [method, target = '+'] = name.split(':') as [string, ('-' | 'abs')?];
      const since = viewer.frames.length;
      viewer.send({ type: 'explain', request, frame: 9, method, target });
      const alone = maskOf(await viewer.frame(() => true, since), name);
      assert.ok(
        maskOf(frame, name).every((value, pixel) => Math.abs(value - alone[pixel]!) <= 1),
        name,
      );
    }
    await viewer.close();
  });

  it('of a way of steering that there is not are unknown', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    for (const name of ['gradcam:up', 'gradcam:+', ':-']) {
      const since = viewer.messages.length;
      viewer.send({ type: 'open', recording: 'a.mp4', network: 'small', methods: [name] });
      assert.equal((await viewer.message('error', () => true, since)).code, 'METHOD_UNKNOWN', name);
    }
    await viewer.close();
  });

  it('can be changed without leaving the frame', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small', ['visualbackprop']);
    await viewer.seek(20, 1);
    const since = viewer.frames.length;
    await viewer.open('a.mp4', 'small', ['gradient'], 20);
    const first = viewer.frames[since]!;
    assert.deepEqual([first.frame, masksOf(first)], [20, ['gradient']]);
    await viewer.open('a.mp4', 'small', ['saliency'], 10_000);
    assert.equal(viewer.frames.at(-1)!.frame, FRAMES - 1);
    await viewer.close();
  });

  it('that do not exist, or not for this network, are refused by name, and what was open stays', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small', ['gradient']);
    for (const [method, code] of [
      ['tealeaves', 'METHOD_UNKNOWN'],
      ['lime', 'METHOD_UNKNOWN'],
      ['cam', 'METHOD_UNSUITED'],
    ] as const) {
      const since = viewer.messages.length;
      viewer.send({
        type: 'open',
        recording: 'a.mp4',
        network: 'small',
        methods: ['visualbackprop', method],
      });
      assert.equal((await viewer.message('error', undefined, since)).code, code);
    }
    assert.deepEqual(masksOf(await viewer.seek(3, 1)), ['gradient']);
    await viewer.close();
  });
});

describe('a complete analysis', () => {
  it('is there at once when its panes are opened again, though all of it was closed', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small', ['visualbackprop', 'gradient']);
    const before = await analysisOf(viewer);
    // Nothing lingers: while this is shown, the explainer of the first panes is closed.
    await viewer.open('a.mp4', 'small', ['saliency']);
    const opened = await viewer.open('a.mp4', 'small', ['visualbackprop', 'gradient']);
    const { columns, complete, framesPerSecond } = await viewer.message(
      'analysis',
      undefined,
      viewer.messages.indexOf(opened),
    );
    assert.deepEqual([columns.frame.length, complete, framesPerSecond], [FRAMES, true, 0]);
    assert.deepEqual(
      columns.steering,
      before.flatMap(({ steering }) => steering),
    );
    assert.deepEqual(
      columns.scores[1]!.onRoad,
      before.flatMap(({ scores }) => scores[1]!.onRoad),
    );
    assert.deepEqual(
      columns.agreement!.ssim,
      before.flatMap(({ agreement }) => agreement!.ssim),
    );
    await viewer.close();
  });

  it('is made anew when a file of it has changed', async (t) => {
    const { server, network } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    const analysed = async () => {
      const opened = await viewer.open('a.mp4', 'small');
      return (await analysisOf(viewer, viewer.messages.indexOf(opened))).flatMap(
        ({ steering }) => steering,
      );
    };
    const before = await analysed();
    await viewer.open('a.mp4', 'small', ['saliency']);
    await writeFile(
      network.replace('.onnx', '.json'),
      JSON.stringify({ roadgaze: 1, kind: 'steering', output: { scale: -4 } }),
    );
    const after = await analysed();
    before.forEach((value, frame) =>
      assert.ok(Math.abs(after[frame]! + 2 * value!) < 1e-4 * Math.abs(value!)),
    );
    await viewer.close();
  });
});

describe('a method of many passes', () => {
  it('runs on one frame with progress, and its mask comes just before the word that it is done', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small');
    const shown = await viewer.seek(12, 4);
    const since = viewer.frames.length;
    viewer.send({
      type: 'explain',
      request: 1,
      frame: 12,
      method: 'integratedgradients',
      target: '+',
    });
    const progress = await viewer.message('explaining');
    assert.ok(progress.request === 1 && progress.done >= 1 && progress.done <= progress.total);
    let framesThen = 0;
    const { request } = await viewer.message('explained', () => {
      framesThen = viewer.frames.length;
      return true;
    });
    const frame = viewer.frames[framesThen - 1]!;
    assert.deepEqual([request, framesThen], [1, since + 1]);
    assert.deepEqual(
      [frame.frame, frame.pts, frame.generation, frame.scores, frame.agreement],
      [12, shown.pts, 4, [], null],
    );
    assert.deepEqual(
      frame.parts.map(({ kind, method, width, height }) => [kind, method, width, height]),
      [['mask', 'integratedgradients', 48, 24]],
    );
    assert.ok(Math.abs(frame.steering! - shown.steering!) < 1e-4 * Math.abs(shown.steering!));
    assert.ok(new Set(frame.parts[0]!.bytes).size > 8);
    await viewer.close();
  });

  it('explains the frame it is asked for, as a method of one pass shows', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small', ['gradient']);
    for (const [index, number] of [0, 17, FRAMES - 1].entries()) {
      const shown = await viewer.seek(number, index + 1);
      const since = viewer.frames.length;
      viewer.send({
        type: 'explain',
        request: index,
        frame: number,
        method: 'gradient',
        target: '+',
      });
      const explained = await viewer.frame(() => true, since);
      const [a, b] = [shown, explained].map(
        ({ parts }) => parts.find(({ kind }) => kind === 'mask')!.bytes,
      ) as [Uint8Array, Uint8Array];
      assert.ok(
        a.every((value, pixel) => Math.abs(value - b[pixel]!) <= 1),
        `frame ${number}`,
      );
    }
    const since = viewer.frames.length;
    viewer.send({
      type: 'explain',
      request: 9,
      frame: FRAMES - 1,
      method: 'gradient',
      target: '-',
    });
    const turned = (await viewer.frame(() => true, since)).parts[0]!.bytes;
    const plain = viewer.frames[since - 1]!.parts[0]!.bytes;
    assert.ok(turned.every((value, pixel) => Math.abs(value - 128 + (plain[pixel]! - 128)) <= 1));
    await viewer.close();
  });

  it('is given up when it is cancelled, and for a newer request', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small');
    viewer.send({ type: 'explain', request: 1, frame: 3, method: 'lime', target: '+' });
    await viewer.message('explaining', ({ request }) => request === 1);
    viewer.send({ type: 'cancel', request: 1 });
    viewer.send({ type: 'explain', request: 2, frame: 3, method: 'smoothgrad', target: 'abs' });
    viewer.send({ type: 'explain', request: 3, frame: 4, method: 'occlusion', target: '+' });
    await viewer.message('explained', ({ request }) => request === 3);
    const answered = viewer.messages.flatMap((message) =>
      message.type === 'explained' ? [message.request] : [],
    );
    assert.deepEqual(answered, [3]);
    assert.deepEqual(
      viewer.messages.filter(({ type }) => type === 'error'),
      [],
    );
    await viewer.close();
  });

  it('may be unknown, which is an error that leaves the rest as it is', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small');
    viewer.send({ type: 'explain', request: 1, frame: 3, method: 'tealeaves', target: '+' });
    assert.equal((await viewer.message('error')).code, 'METHOD_UNKNOWN');
    assert.equal((await viewer.seek(5, 1)).frame, 5);
    await viewer.close();
  });

  it('ends with the connection', async (t) => {
    const { server } = await serveClip(t);
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'small');
    viewer.send({ type: 'explain', request: 1, frame: 3, method: 'lime', target: '+' });
    await viewer.message('explaining');
    viewer.socket.terminate();
    // Waits for whatever still runs; the test's process would not end otherwise.
    await server.close();
  });
});

describe('what is set by hand', () => {
  it('is refused with what was before where the network has no such input or output', async (t) => {
    const { server } = await serveClip(t, {}, 5);
    const viewer = await Viewer.connect(server);
    const { network } = await viewer.open('a.mp4', 'small', ['gradient']);
    assert.deepEqual(network.outputs, [{ name: 'steering', shape: ['N', 1], elements: 1 }]);
    const first = await viewer.seek(2, 1);
    const refused = [
      [{ inputs: { speed: [3] }, output: null }, /has no input "speed" that can be set by hand/],
      [{ inputs: {}, output: { tensor: 'plan', element: 0 } }, /has no output "plan"/],
      [{ inputs: {}, output: { tensor: 'steering', element: 4 } }, /there is no element 4/],
    ] as const;
    for (const [index, [trial, message]] of refused.entries()) {
      const generation = 2 + index;
      const since = viewer.messages.length;
      viewer.send({ type: 'try', generation, ...trial });
      await viewer.message('error', (error) => message.test(error.message), since);
      const tried = await viewer.message('tried', (answer) => answer.generation === generation);
      assert.deepEqual([tried.inputs, tried.output], [{}, null]);
      const again = await viewer.frame((frame) => frame.generation === generation);
      assert.deepEqual([again.frame, again.steering], [2, first.steering]);
    }
    await viewer.close();
  });
});
