import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { grey, makeMcap, stampOf, type MadeMessage } from '../drive/readers/bags/make-bag.ts';
import { bars, makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { COUNT, writeUdacityDrive } from './support/udacity-drive.ts';
import { maskNumber, Viewer, type SeenFrame } from './support/viewer.ts';

const OPEN = { type: 'open', network: 'reading', methods: ['visualbackprop'] } as const;

async function watch(
  t: TestContext,
  recordings: string,
  networks?: readonly string[],
): Promise<Viewer> {
  const server = await serve(t, {
    recordings,
    networks: networks ?? [await writeReadingNetwork(temporaryFolder(t))],
    road: null,
  });
  const viewer = await Viewer.connect(server);
  t.after(() => viewer.close());
  return viewer;
}

/** Opens, and answers with the first frame that has a mask. */
async function open(
  viewer: Viewer,
  request: { recording: string; camera?: string; frame?: number; time?: number },
) {
  const [messages, frames] = [viewer.messages.length, viewer.frames.length];
  viewer.send({ ...OPEN, ...request });
  const opened = await viewer.openedRecording(undefined, messages);
  const first = await viewer.frame(
    ({ parts }) => parts.some(({ kind }) => kind === 'mask'),
    frames,
  );
  return { opened, first };
}

test('each camera of a drive opens with its own pictures and numbers, and the drive tells of all of them', async (t) => {
  const base = temporaryFolder(t);
  await writeUdacityDrive(join(base, 'sim'));
  const viewer = await watch(t, base);

  const center = await open(viewer, { recording: 'sim' });
  assert.deepEqual(
    [center.opened.cameras, center.opened.camera, center.opened.format],
    [
      ['center', 'left', 'right'].map((id) => ({ id, title: id })),
      'center',
      'a drive of the Udacity simulator',
    ],
  );
  assert.equal(maskNumber(await viewer.seek(4, 1)), 4);

  const left = await open(viewer, { recording: 'sim', camera: 'left' });
  assert.equal(left.opened.camera, 'left');
  assert.deepEqual(left.opened.pts, center.opened.pts);
  assert.equal(maskNumber(left.first), COUNT - 1);
  for (const [generation, frame] of [4, 17].entries()) {
    const shown = await viewer.seek(frame, generation + 1);
    assert.equal(maskNumber(shown), COUNT - 1 - frame);
  }
  const steering: number[] = [];
  await viewer.until(() => {
    const since = viewer.messages.indexOf(left.opened);
    steering.length = 0;
    for (const message of viewer.messages.slice(since))
      if (message.type === 'analysis') steering.push(...message.columns.steering.map(Number));
    return steering.length >= COUNT;
  });
  assert.deepEqual(
    steering.map(Math.round),
    Array.from({ length: COUNT }, (_, frame) => COUNT - 1 - frame),
  );
});

test('a road is drawn for one camera: the others of the drive keep theirs', async (t) => {
  const base = temporaryFolder(t);
  await writeUdacityDrive(join(base, 'sim'));
  const viewer = await watch(t, base);
  const draw = async (x: number): Promise<void> => {
    const since = viewer.messages.length;
    viewer.send({
      type: 'road',
      points: [
        [x, 1],
        [0.5, 0.5],
        [1, 1],
      ],
    });
    const { road } = await viewer.message('opened', undefined, since);
    assert.equal(road.kind === 'polygon' && road.points[0]![0], x);
  };
  const roadOf = async (camera?: string): Promise<unknown> => {
    const { road } = (await open(viewer, { recording: 'sim', ...(camera ? { camera } : {}) }))
      .opened;
    return road.kind === 'polygon' ? road.points[0]![0] : road.kind;
  };
  assert.equal(await roadOf('left'), 'guess');
  await draw(0.1);
  assert.equal(await roadOf(), 'guess');
  await draw(0.2);
  assert.deepEqual([await roadOf('center'), await roadOf('left')], [0.2, 0.1]);
  assert.deepEqual(
    readdirSync(base).filter((name) => name.endsWith('.json')),
    ['roadgaze.camera-left.road.json', 'roadgaze.road.json'],
  );
});

test('the picture that comes before the network is ready is of the camera that was asked for', async (t) => {
  const base = temporaryFolder(t);
  await writeUdacityDrive(join(base, 'sim'));
  const networks = temporaryFolder(t);
  await writeReadingNetwork(networks);
  await writeReadingNetwork(networks, { name: 'slow', passes: 60 });
  const viewer = await watch(t, base, [networks]);
  await open(viewer, { recording: 'sim' });
  const since = viewer.frames.length;
  viewer.send({ ...OPEN, network: 'slow', recording: 'sim', camera: 'left' });
  const isEarly = ({ parts }: SeenFrame) => parts.every(({ kind }) => kind === 'picture');
  const early = await viewer.frame(isEarly, since);
  const { first } = await open(viewer, { recording: 'sim', camera: 'left' });
  assert.equal(maskNumber(first), COUNT - 1);
  const [shown, wanted] = [early, first].map(({ parts }) =>
    Buffer.from(parts.find(({ kind }) => kind === 'picture')!.bytes),
  );
  assert.ok(shown!.equals(wanted!));
});

test('a camera that a drive does not have is refused with those it has, and what was open stays open', async (t) => {
  const base = temporaryFolder(t);
  await writeUdacityDrive(join(base, 'sim'));
  await makeNumberedClip(join(base, 'video.mp4'), { frames: 20 });
  const viewer = await watch(t, base);
  const { opened } = await open(viewer, { recording: 'video.mp4' });
  assert.deepEqual(
    [opened.cameras, opened.camera, opened.format, opened.logNotes],
    [undefined, undefined, undefined, undefined],
  );
  for (const [recording, hint] of [
    ['sim', 'Its cameras are center, left, right.'],
    ['video.mp4', 'It has one camera only; leave the choice out.'],
  ] as const) {
    const since = viewer.messages.length;
    viewer.send({ ...OPEN, recording, camera: 'rear' });
    const error = await viewer.message('error', undefined, since);
    assert.equal(error.code, 'CAMERA_UNKNOWN');
    assert.match(error.message, /has no camera "rear"\.$/);
    assert.equal(error.hint, hint);
  }
  assert.equal(maskNumber(await viewer.seek(7, 1)), 7);
});

test('the time at which a camera is opened is that of a clock all cameras share', async (t) => {
  const base = temporaryFolder(t);
  const picture = (topic: string, time: number, number: number): MadeMessage => {
    const line = bars(number).flatMap((bar) => new Array<number>(10).fill(bar * 255));
    const data = Uint8Array.from(new Array<number[]>(8).fill(line).flat());
    const message = grey(time, 0, { width: 160, height: 8, step: 160, data });
    return { topic, type: 'sensor_msgs/msg/Image', time, message };
  };
  // The rear camera begins 1.5 s later, and gives half as many pictures.
  const front = Array.from({ length: 40 }, (_, i) => picture('/front', 100 + i / 10, i));
  const rear = Array.from({ length: 12 }, (_, i) => picture('/rear', 101.5 + i / 5, 500 + i));
  const messages = [...front, ...rear].sort((a, b) => a.time - b.time);
  writeFileSync(join(base, 'two.mcap'), (await makeMcap(messages)).bytes);
  const viewer = await watch(t, base);
  const { opened } = await open(viewer, { recording: 'two.mcap' });
  assert.deepEqual([opened.camera, opened.origin], ['/front', 100]);
  const other = await open(viewer, { recording: 'two.mcap', camera: '/rear', time: 102.31 });
  assert.deepEqual([other.opened.camera, other.opened.origin], ['/rear', 101.5]);
  assert.deepEqual([other.first.frame, maskNumber(other.first)], [4, 504]);
  const back = await open(viewer, { recording: 'two.mcap', camera: '/front', time: 103.9 });
  assert.deepEqual([back.first.frame, maskNumber(back.first)], [39, 39]);
  // Before its first picture that is shown.
  const early = await open(viewer, { recording: 'two.mcap', camera: '/rear', time: 100 });
  assert.deepEqual([early.first.frame, maskNumber(early.first)], [0, 500]);
});

test('what was taken for granted of a log is told, also which signal was taken for the steering', async (t) => {
  const base = temporaryFolder(t);
  await writeUdacityDrive(join(base, 'sim'));
  const viewer = await watch(t, base);
  const { opened } = await open(viewer, { recording: 'sim' });
  assert.match(
    opened.logNotes?.join('\n') ?? '',
    /driving_log\.csv: steering is "steering", a share of full lock, positive to the right\./,
  );
});

test('where several signals could be the steering, it is told which was taken and how another is', async (t) => {
  const base = temporaryFolder(t);
  const messages = Array.from({ length: 10 }, (_, i): MadeMessage[] => {
    const time = 100 + i / 10;
    const header = { stamp: stampOf(time), frame_id: '' };
    const command = {
      steering_angle: i / 10,
      steering_angle_velocity: 0,
      speed: 5,
      acceleration: 0,
      jerk: 0,
    };
    const state = {
      header,
      steering_angle: i / 20,
      wheels: new Float64Array(3),
      lidar: new Float64Array(40),
    };
    return [
      { topic: '/image', type: 'sensor_msgs/msg/Image', time, message: grey(time, 20 * i) },
      { topic: '/cmd', type: 'ackermann_msgs/msg/AckermannDrive', time, message: command },
      { topic: '/state', type: 'car_msgs/msg/State', time, message: state },
    ];
  }).flat();
  writeFileSync(join(base, 'two.mcap'), (await makeMcap(messages)).bytes);
  const viewer = await watch(t, base);
  const { logNotes } = (await open(viewer, { recording: 'two.mcap' })).opened;
  const said = logNotes?.join('\n') ?? '';
  const taken = /steering is "([^"]+)"/.exec(said)?.[1];
  const other = /"([^"]+)" could be the steering too; --log-column chooses another\./.exec(
    said,
  )?.[1];
  assert.deepEqual([taken, other].sort(), ['/cmd.steering_angle', '/state.steering_angle'], said);
});
