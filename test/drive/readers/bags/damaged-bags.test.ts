import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import zstd from '@foxglove/wasm-zstd';
import { placeAt } from '../../../../server/drive/place.ts';
import { BagSession } from '../../../../server/drive/readers/bags/bag-session.ts';
import { recognise } from '../../../../server/drive/readers/index.ts';
import type { DriveSource } from '../../../../server/drive/source.ts';
import { temporaryFolder } from '../../../support/paths.ts';
import { grey, makeMcap, type MadeMessage } from './make-bag.ts';
import { BAGS, PTS } from './written-bags.ts';

const IMAGE = 'sensor_msgs/msg/Image' as const;

function greys(count: number, stampOf = (i: number) => 100 + i / 10): MadeMessage[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: '/image',
    type: IMAGE,
    time: 100.05 + i / 10,
    message: grey(stampOf(i), 10 * i),
  }));
}

async function openPath(t: TestContext, path: string): Promise<DriveSource> {
  const place = await placeAt(path);
  const found = await recognise(place);
  assert.ok(found, 'it is recognised');
  const source = await found.reader.open(place, { key: null });
  t.after(() => source.close());
  return source;
}

async function openBytes(
  t: TestContext,
  bytes: Uint8Array,
  name = 'drive.mcap',
): Promise<DriveSource> {
  const path = join(temporaryFolder(t), name);
  writeFileSync(path, bytes);
  return openPath(t, path);
}

/** Times and brightness of all frames, and what was told of them. */
async function decoded(source: DriveSource) {
  const stream = source.frames({
    images: [{ crop: null, width: 8, height: 4, pixelFormat: 'gray', resize: 'area' }],
  });
  const frames: [number, number][] = [];
  for await (const { pts, images } of stream) frames.push([pts, images[0]![0]!]);
  return { frames, warnings: stream.warnings.join('\n') };
}

function assertTimes(given: ArrayLike<number>, wanted: readonly number[]): void {
  assert.equal(given.length, wanted.length);
  for (const [i, time] of wanted.entries())
    assert.ok(Math.abs(given[i]! - time) < 1e-9, `${given[i]} is ${time}`);
}

test('an MCAP file that breaks off gives the pictures of its whole chunks, and tells where it ends', async (t) => {
  const { bytes, chunks } = await makeMcap(greys(8));
  const source = await openBytes(t, bytes.subarray(0, chunks[5]! + 20));
  const { frames } = await decoded(source);
  assert.deepEqual(
    frames.map(([, value]) => value),
    [0, 10, 20, 30, 40],
  );
  assert.match(
    source.assumptions.join('\n'),
    new RegExp(
      `drive\\.mcap breaks off in the middle of a record at byte ${chunks[5]!}; what comes before that is read\\.`,
    ),
  );
});

test('an MCAP file without chunks and without an index is read', async (t) => {
  const { bytes, chunks } = await makeMcap(greys(3), { chunkSize: 1 << 20 });
  // What lies in the one chunk stands in the file by itself, as recorders without chunks write it.
  const records = bytes.subarray(
    chunks[0]! + 9 + 40,
    chunks[0]! + 9 + Number(bytes.readBigUInt64LE(chunks[0]! + 1)),
  );
  const source = await openBytes(t, Buffer.concat([bytes.subarray(0, chunks[0]), records]));
  assert.deepEqual(
    (await decoded(source)).frames.map(([, value]) => value),
    [0, 10, 20],
  );
  assert.match(source.assumptions.join('\n'), /drive\.mcap was not closed properly/);
});

test('a damaged chunk is left out and told with its place; the others are read', async (t) => {
  const { bytes, chunks } = await makeMcap(greys(6));
  bytes[chunks[2]! + 150]! ^= 0xff;
  const source = await openBytes(t, bytes);
  const { frames } = await decoded(source);
  assert.deepEqual(
    frames.map(([, value]) => value),
    [0, 10, 30, 40, 50],
  );
  assert.match(
    source.assumptions.join('\n'),
    new RegExp(`drive\\.mcap: 1 chunk is left out, at byte ${chunks[2]!}: Incorrect chunk CRC`),
  );
});

test('a chunk that says it unpacks to a terabyte is left out before anything is unpacked', async (t) => {
  await zstd.isLoaded;
  const { bytes, chunks } = await makeMcap(greys(4), {
    pack: (data) => zstd.compress(data),
    compression: 'zstd',
  });
  bytes.writeBigUInt64LE(1n << 40n, chunks[1]! + 9 + 16);
  const source = await openBytes(t, bytes);
  const { frames } = await decoded(source);
  assert.deepEqual(
    frames.map(([, value]) => value),
    [0, 20, 30],
  );
  assert.match(source.assumptions.join('\n'), /it says that \d+ bytes unpack to 1099511627776/);
});

test('a packed split that unpacks to a thousand times its size is refused in words', async (t) => {
  await zstd.isLoaded;
  const { bytes } = await makeMcap(greys(2));
  const bomb = zstd.compress(Buffer.concat([bytes, Buffer.alloc(64 << 20)]), 1);
  await assert.rejects(openBytes(t, bomb, 'drive.mcap.zstd'), {
    code: 'VIDEO_UNREADABLE',
    message:
      'drive.mcap.zstd cannot be read: it unpacks to more than is unpacked, or than the disk has room for.',
  });
});

test('a message that says it unpacks to a terabyte is one picture that is missing', async (t) => {
  await zstd.isLoaded;
  const messages = greys(4);
  const { bytes } = await makeMcap(messages, { chunkSize: 1 << 20 });
  const head = Buffer.from('28b52ffde0', 'hex');
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(1n << 40n);
  const source = await openBytes(t, bytes);
  assert.equal((await decoded(source)).frames.length, 4);
  const folder = temporaryFolder(t);
  const path = join(folder, 'bomb.mcap');
  const packed = await makeMcap(
    [
      ...messages.slice(0, 2),
      { ...messages[2]!, topic: '/image', message: grey(100.2, 20) },
      messages[3]!,
    ],
    { chunkSize: 1 << 20 },
  );
  // The third message's bytes become a frame's head, with nothing behind it.
  const at = nthIndexOf(packed.bytes, Buffer.from('mono8'), 3) - 28;
  Buffer.concat([head, size]).copy(packed.bytes, at);
  packed.bytes.writeUInt32LE(0, packed.chunks[0]! + 9 + 24);
  writeFileSync(path, packed.bytes);
  const bomb = await openPath(t, path);
  const { frames, warnings } = await decoded(bomb);
  assert.equal(frames.length, 3);
  assert.match(warnings, /picture 2 of \/image cannot be read as sensor_msgs\/Image/);
});

function nthIndexOf(bytes: Buffer, word: Buffer, n: number): number {
  let at = -1;
  for (let i = 0; i < n; i++) at = bytes.indexOf(word, at + 1);
  return at;
}

test('pictures of another size, encoding or length than the first are left out and named', async (t) => {
  const messages = greys(6);
  const changed = (i: number, more: object) => {
    messages[i] = { ...messages[i]!, message: grey(100 + i / 10, 10 * i, more) };
  };
  changed(1, { width: 4, step: 4 });
  changed(2, { encoding: 'rgb9' });
  changed(3, { data: new Uint8Array(10) });
  const source = await openBytes(t, (await makeMcap(messages)).bytes);
  const { frames, warnings } = await decoded(source);
  assert.deepEqual(
    frames.map(([, value]) => value),
    [0, 40, 50],
  );
  assert.match(warnings, /picture 1 of \/image is 4×4 in gray, and the first one is 8×4 in gray/);
  assert.match(warnings, /picture 2 of \/image is encoded as "rgb9", which is not read/);
  assert.match(warnings, /picture 3 of \/image has 10 bytes, too few for 8×4/);
});

test('a camera of which no picture can be read says why', async (t) => {
  const messages = greys(3).map((each) => ({
    ...each,
    message: grey(1, 1, { encoding: 'secret' }),
  }));
  await assert.rejects(openBytes(t, (await makeMcap(messages)).bytes), {
    code: 'VIDEO_UNREADABLE',
    message:
      'drive.mcap cannot be read: its topic /image has no picture that can be read: its first one is encoded as "secret", which is not read.',
  });
});

test('a drive without pictures says so', async (t) => {
  const state = {
    header: { stamp: { sec: 1, nanosec: 0 }, frame_id: '' },
    steering_angle: 0,
    wheels: [0, 0, 0],
    lidar: Array(40).fill(0),
  };
  const messages = [
    { topic: '/state', type: 'car_msgs/msg/State' as const, time: 1, message: state },
  ];
  await assert.rejects(openBytes(t, (await makeMcap(messages)).bytes), {
    code: 'VIDEO_NO_PICTURE',
    message: 'drive.mcap has no topic with pictures.',
  });
});

test('the time of a picture whose stamp is wrong or missing is that of writing, moved by the usual delay', async (t) => {
  const wrong = new Map([
    [2, 0],
    [5, 12],
  ]);
  const messages = greys(8, (i) => wrong.get(i) ?? 100 + i / 10);
  const source = await openBytes(t, (await makeMcap(messages)).bytes);
  const { frames } = await decoded(source);
  assertTimes(
    frames.map(([pts]) => pts),
    [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
  );
  assert.deepEqual(
    frames.map(([, value]) => value),
    [0, 10, 20, 30, 40, 50, 60, 70],
  );
  assert.match(
    source.assumptions.join('\n'),
    /2 of 8 pictures have no time of their own, or one that cannot be/,
  );
});

test('where the clock of a bag is set back, times go on, and the signals with them', async (t) => {
  const messages: MadeMessage[] = greys(20, (i) => (i < 10 ? 100 : 40) + i / 10);
  for (let i = 0; i < 20; i++)
    messages.push({
      topic: '/drive',
      type: 'ackermann_msgs/msg/AckermannDrive',
      time: 100.05 + i / 10,
      message: {
        steering_angle: i / 100,
        steering_angle_velocity: 0,
        speed: 1,
        acceleration: 0,
        jerk: 0,
      },
    });
  messages.sort((a, b) => a.time - b.time);
  const source = await openBytes(t, (await makeMcap(messages)).bytes);
  const { pts } = await source.index();
  assertTimes(
    pts,
    Array.from({ length: 20 }, (_, i) => i / 10),
  );
  assert.match(source.assumptions.join('\n'), /clock is set back at 0\.900 s \(by 59\.9 s\)/);
  const log = (await source.log({}))!;
  assertTimes(
    log.times,
    Array.from({ length: 20 }, (_, i) => i / 10),
  );
  assertTimes(
    log.steering!,
    Array.from({ length: 20 }, (_, i) => Math.fround(i / 100)),
  );
});

test('pictures that overtook each other come in the order of their times', async (t) => {
  const messages = greys(6);
  [messages[2], messages[3]] = [messages[3]!, messages[2]!];
  const source = await openBytes(t, (await makeMcap(messages)).bytes);
  const { frames } = await decoded(source);
  assert.deepEqual(
    frames.map(([, value]) => value),
    [0, 10, 20, 30, 40, 50],
  );
  assert.match(source.assumptions.join('\n'), /1 pictures? (was|were) overtaken/);
});

test('steering that is no number is a gap, and its unit is asked for where nobody says it', async (t) => {
  const messages: MadeMessage[] = greys(6);
  for (let i = 0; i < 6; i++)
    messages.push({
      topic: '/state',
      type: 'car_msgs/msg/State',
      time: 100.05 + i / 10,
      message: {
        header: { stamp: { sec: 100, nanosec: i * 1e8 }, frame_id: '' },
        steering_angle: i === 3 ? NaN : i,
        wheels: [i, 2, 3],
        lidar: new Float64Array(40),
      },
    });
  const source = await openBytes(t, (await makeMcap(messages)).bytes);
  const asked = (await source.log({}))!;
  assert.equal(asked.steering, null);
  assert.match(asked.question!, /does not say the unit of "\/state\.steering_angle"/);
  const { steering, times, extra } = (await source.log({ unit: 'deg' }))!;
  assertTimes(times, [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.ok(Number.isNaN(steering![3]));
  assert.ok(Math.abs(steering![5]! - (5 * Math.PI) / 180) < 1e-12);
  // Three wheels are signals, forty distances are not.
  assert.deepEqual(
    extra.map(({ name }) => name),
    ['/state.wheels[0]', '/state.wheels[1]', '/state.wheels[2]'],
  );
});

test('a ROS 1 bag that breaks off, and one without an index, are read as far as they go', async (t) => {
  const whole = readFileSync(join(BAGS, 'ros1-lz4.bag'));
  const unindexed = Buffer.from(whole);
  // The place of the index, in the first record, and how much is in it.
  for (const field of ['index_pos=', 'conn_count=', 'chunk_count='])
    unindexed.fill(
      0,
      unindexed.indexOf(field) + field.length,
      unindexed.indexOf(field) + field.length + 4,
    );
  const source = await openBytes(t, unindexed, 'drive.bag');
  assert.deepEqual(Array.from((await source.index()).pts), PTS);
  assert.equal((await source.log({}))!.times.length, 80);
  assert.match(
    source.assumptions.join('\n'),
    /drive\.bag has no index, because it was not closed properly/,
  );

  const big = readFileSync(join(BAGS, 'ros1.bag'));
  const cut = await openBytes(t, big.subarray(0, big.length - 300), 'cut.bag');
  assert.deepEqual(Array.from((await cut.index()).pts), PTS);
});

test('an SQLite bag that was cut off says how far it was read', async (t) => {
  const path = join(temporaryFolder(t), 'cut.db3');
  copyFileSync(join(BAGS, 'ros2-sqlite', 'ros2-sqlite.db3'), path);
  truncateSync(path, 36_864);
  const source = await openPath(t, path).catch((error: unknown) => error);
  if (source instanceof Error) {
    assert.equal((source as Error & { code?: string }).code, 'VIDEO_UNREADABLE');
    assert.match(source.message, /^cut\.db3 cannot be read: .*malformed/);
    return;
  }
  const { pts } = await (source as DriveSource).index();
  assert.ok(pts.length > 0 && pts.length < 12);
  assert.match(
    (source as DriveSource).assumptions.join('\n'),
    /cut\.db3 cannot be read beyond row \d+: .*malformed/,
  );
});

test('what a killed recorder left in the write-ahead log of its SQLite bag is read too', async (t) => {
  const folder = temporaryFolder(t);
  for (const file of ['ros2-write-ahead.db3', 'ros2-write-ahead.db3-wal'])
    copyFileSync(join(BAGS, 'ros2-write-ahead', file), join(folder, file));
  const path = join(folder, 'ros2-write-ahead.db3');
  const messages = async () => (await (await openPath(t, path)).log({}))!.times.length;
  assert.equal(await messages(), 80);
  // Nothing was written beside it.
  assert.deepEqual(readdirSync(folder).sort(), [
    'ros2-write-ahead.db3',
    'ros2-write-ahead.db3-wal',
  ]);
  const log = readFileSync(`${path}-wal`);
  assert.deepEqual(log, readFileSync(join(BAGS, 'ros2-write-ahead', 'ros2-write-ahead.db3-wal')));
  rmSync(`${path}-wal`);
  assert.equal(await messages(), 68);
});

test('nothing outside of a bag is read: not by "..", an absolute name, or a link that leads out', async (t) => {
  const base = temporaryFolder(t);
  const folder = join(base, 'bag');
  mkdirSync(folder);
  const outside = join(base, 'outside.mcap');
  writeFileSync(outside, (await makeMcap(greys(3))).bytes);
  symlinkSync(outside, join(folder, 'link_0.mcap'));
  const describe = (...paths: string[]) =>
    writeFileSync(
      join(folder, 'metadata.yaml'),
      `rosbag2_bagfile_information:\n  relative_file_paths: ${JSON.stringify(paths)}\n`,
    );
  describe('../outside.mcap', outside, 'link_0.mcap');
  await assert.rejects(openPath(t, folder), {
    code: 'INPUT_NOT_FOUND',
    message:
      /^Of the ROS 2 bag bag no file with messages is there; metadata\.yaml lists "\.\.\/outside\.mcap"/,
  });
  writeFileSync(join(folder, 'own_0.mcap'), (await makeMcap(greys(5))).bytes);
  describe('../outside.mcap', 'own_0.mcap');
  const source = await openPath(t, folder);
  assert.equal((await source.index()).pts.length, 5);
});

test('a bag whose description is broken is read from its splits in order of their numbers', async (t) => {
  const folder = join(temporaryFolder(t), 'bag');
  mkdirSync(folder);
  const messages = greys(20);
  for (const [i, message] of messages.entries())
    writeFileSync(join(folder, `bag_${i}.mcap`), (await makeMcap([message])).bytes);
  writeFileSync(join(folder, 'metadata.yaml'), 'rosbag2_bagfile_information:\n  - [broken');
  const source = await openPath(t, folder);
  const { frames } = await decoded(source);
  assert.deepEqual(
    frames.map(([, value]) => value),
    messages.map((_, i) => 10 * i),
  );
  assert.match(
    source.assumptions.join('\n'),
    /metadata\.yaml cannot be read, so all splits in the folder are read/,
  );
});

test('more splits than are open at once can be read at the same time, by pictures and signals', async (t) => {
  const folder = join(temporaryFolder(t), 'bag');
  mkdirSync(folder);
  const pictures = greys(48);
  for (const [i, picture] of pictures.entries()) {
    const drives = Array.from({ length: 10 }, (_, k) => ({
      topic: '/drive',
      type: 'ackermann_msgs/msg/AckermannDrive' as const,
      time: picture.time + k / 100,
      message: {
        steering_angle: 0,
        steering_angle_velocity: 0,
        speed: 1,
        acceleration: 0,
        jerk: 0,
      },
    }));
    writeFileSync(join(folder, `bag_${i}.mcap`), (await makeMcap([picture, ...drives])).bytes);
  }
  const session = await BagSession.open(folder, temporaryFolder(t));
  t.after(() => session.close());
  const { key } = session.contents().cameras[0]!;
  assert.equal((await session.index(key, false)).pts.length, 48);
  let isPending = true;
  const pending = session.signals(key).finally(() => (isPending = false));
  do {
    const read = await Promise.all(pictures.map((_, i) => session.picture(key, false, i)));
    assert.deepEqual(
      read.map((bytes) => (typeof bytes === 'string' ? bytes : bytes[0])),
      pictures.map((_, i) => (10 * i) % 256),
    );
  } while (isPending);
  const signals = await pending;
  assert.equal(signals.topics[0]!.times.length, 480);
  assert.deepEqual(
    session.notes().filter((note) => note.includes('left out')),
    [],
  );
});

test('empty files and files of something else under the name of a split are told', async (t) => {
  const folder = join(temporaryFolder(t), 'bag');
  mkdirSync(folder);
  writeFileSync(join(folder, 'bag_0.mcap'), '');
  writeFileSync(join(folder, 'bag_1.mcap'), 'MZ not a bag at all');
  writeFileSync(join(folder, 'bag_2.mcap'), (await makeMcap(greys(2))).bytes);
  writeFileSync(
    join(folder, 'metadata.yaml'),
    'rosbag2_bagfile_information:\n  relative_file_paths: [bag_0.mcap, bag_1.mcap, bag_2.mcap]\n',
  );
  const source = await openPath(t, folder);
  assert.equal((await source.index()).pts.length, 2);
  const said = source.assumptions.join('\n');
  assert.match(said, /bag_0\.mcap cannot be read: it is empty/);
  assert.match(said, /bag_1\.mcap cannot be read: it is neither MCAP nor SQLite/);
});

test('closing a bag while it is read ends its stream with an error, and leaves nothing behind', async (t) => {
  const source = await openBytes(t, (await makeMcap(greys(50))).bytes);
  const stream = source.frames({
    images: [{ crop: null, width: 8, height: 4, pixelFormat: 'gray', resize: 'area' }],
  });
  await assert.rejects(async () => {
    for await (const _ of stream) await source.close();
  });
  await source.close();
});
