import assert from 'node:assert/strict';
import { appendFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { placeAt } from '../../../server/drive/place.ts';
import { recognise } from '../../../server/drive/readers/index.ts';
import { openVideo } from '../../../server/drive/readers/video.ts';
import { ffprobeFrameTimes, makeNumberedClip, readFrameNumber } from '../../support/clips.ts';
import { temporaryFolder } from '../../support/paths.ts';

const PICTURE = {
  crop: null,
  width: 160,
  height: 40,
  pixelFormat: 'gray',
  resize: 'area',
} as const;

test('a video with a CSV beside it opens as a drive: frames by number and time, index, log', async (t) => {
  const folder = temporaryFolder(t);
  const path = await makeNumberedClip(join(folder, 'drive.mp4'), { frames: 12, fps: 10 });
  writeFileSync(
    join(folder, 'drive.csv'),
    't [s],steering [rad],speed [km/h]\n0,0.1,36\n1,0.3,72\n',
  );
  const place = await placeAt(path);
  const { reader, entries } = (await recognise(place))!;
  assert.deepEqual([reader.id, entries], ['video', [{ key: null, name: 'drive' }]]);
  const source = await reader.open(place, { key: null });
  t.after(() => source.close());
  assert.deepEqual(
    [source.format, source.path, source.cameras, source.camera, source.hasLog],
    ['a video', path, [{ id: 'video', title: 'drive.mp4', frames: null }], 'video', true],
  );
  assert.equal(source.video.averageFrameRate, 10);

  const times = await ffprobeFrameTimes(path);
  assert.deepEqual([...(await source.index()).pts], times);
  const seen: [number | null, number][] = [];
  for await (const { pts, images } of source.frames({ images: [PICTURE], from: times[9]! }))
    seen.push([readFrameNumber(images[0]!, PICTURE.width, PICTURE.height), pts]);
  assert.deepEqual(
    seen,
    [9, 10, 11].map((number) => [number, times[number]!]),
  );

  const log = (await source.log({}))!;
  assert.deepEqual([...log.times], [0, 1]);
  assert.deepEqual([...log.steering!], [0.1, 0.3]);
  assert.deepEqual([...log.speed!], [10, 20]);
  const right = (await source.log({ positive: 'right' }))!;
  assert.deepEqual([...right.steering!], [-0.1, -0.3]);
  assert.equal(await source.log({}), log, 'read once for the same choices');
});

test('a video without a CSV has no log', async (t) => {
  const path = await makeNumberedClip(join(temporaryFolder(t), 'drive.mp4'), { frames: 3 });
  const source = await openVideo(path);
  assert.deepEqual([source.hasLog, await source.log({})], [false, null]);
  await source.close();
});

test('the version of a drive changes when its video or its log does', async (t) => {
  const folder = temporaryFolder(t);
  const path = await makeNumberedClip(join(folder, 'drive.mp4'), { frames: 3 });
  writeFileSync(join(folder, 'drive.csv'), 't,steering [rad]\n0,0\n');
  const source = await openVideo(path);
  t.after(() => source.close());
  const first = await source.version();
  assert.equal(await source.version(), first);
  appendFileSync(join(folder, 'drive.csv'), '1,0\n');
  const second = await source.version();
  assert.notEqual(second, first);
  utimesSync(path, 1, 1);
  assert.notEqual(await source.version(), second);
});

test('a drive that is closed ends the frame streams that run, and starts none', async (t) => {
  const path = await makeNumberedClip(join(temporaryFolder(t), 'drive.mp4'), { frames: 200 });
  const source = await openVideo(path);
  const frames = source.frames({ images: [PICTURE] })[Symbol.asyncIterator]();
  assert.equal((await frames.next()).done, false);
  await source.close();
  const rest = async () => {
    while (!(await frames.next()).done);
  };
  await assert.rejects(rest(), { name: 'AbortError' });
  const after = source.frames({ images: [PICTURE] })[Symbol.asyncIterator]();
  await assert.rejects(after.next(), { name: 'AbortError' });
  await source.close();
});

test('a file that is no video is refused as such when it is opened', async (t) => {
  const path = join(temporaryFolder(t), 'drive.mp4');
  writeFileSync(path, 'no video at all');
  const place = await placeAt(path);
  const { reader } = (await recognise(place))!;
  await assert.rejects(reader.open(place, { key: null }), { code: 'VIDEO_UNREADABLE' });
});
