import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  readDrawnRoad,
  roadFilePath,
  roadOfRecording,
  writeDrawnRoad,
} from '../../server/attention/road-file.ts';
import type { Point } from '../../shared/geometry.ts';
import { besideFile } from '../../server/files/beside.ts';
import { temporaryFolder } from '../support/paths.ts';
import { smallDisk, withoutMounts } from '../support/small-disk.ts';

const triangle: readonly Point[] = [
  [0.1, 1],
  [0.5, 0.5],
  [1.4, 1],
];
const square: readonly Point[] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
const recordingIn = (t: TestContext) => join(temporaryFolder(t), 'drive 1.mp4');

test('a drawn road is read as it was kept, and nothing else is left in the folder', async (t) => {
  const video = recordingIn(t);
  await writeDrawnRoad(besideFile(video), 'recording', { points: triangle, margin: 4 });
  await writeDrawnRoad(besideFile(video), 'recording', { points: square });
  assert.deepEqual(await readDrawnRoad(besideFile(video)), { points: square });
  assert.deepEqual(readdirSync(join(video, '..')), ['drive 1.road.json']);
  assert.deepEqual(JSON.parse(readFileSync(roadFilePath(besideFile(video), 'recording'), 'utf8')), {
    roadgazeRoad: 1,
    points: square,
  });
});

test("a camera's road counts for all recordings of its folder, except one that has its own", async (t) => {
  const video = recordingIn(t);
  const other = join(video, '..', 'other.mkv');
  await writeDrawnRoad(besideFile(video), 'camera', { points: triangle });
  await writeDrawnRoad(besideFile(other), 'recording', { points: square, margin: 0 });
  assert.deepEqual(await readDrawnRoad(besideFile(video)), { points: triangle });
  assert.deepEqual(await readDrawnRoad(besideFile(other)), { points: square, margin: 0 });
});

test('a road is forgotten, also one that is not there', async (t) => {
  const video = recordingIn(t);
  await writeDrawnRoad(besideFile(video), 'camera', { points: triangle });
  await writeDrawnRoad(besideFile(video), 'camera', null);
  await writeDrawnRoad(besideFile(video), 'camera', null);
  assert.equal(await readDrawnRoad(besideFile(video)), null);
});

test("a recording's road is the drawn one, else its ground truth, else a network's, else the guess", async (t) => {
  const videoPath = recordingIn(t);
  const truthPath = join(videoPath, '..', 'drive 1.truth.jsonl.gz');
  const [model, none] = [async () => 'road.onnx', async () => null];
  assert.equal(
    (await roadOfRecording({ beside: besideFile(videoPath), truthPath: null }, none)).kind,
    'guess',
  );
  assert.deepEqual(
    await roadOfRecording({ beside: besideFile(videoPath), truthPath: null }, model),
    {
      kind: 'model',
      path: 'road.onnx',
    },
  );
  assert.deepEqual(await roadOfRecording({ beside: besideFile(videoPath), truthPath }, model), {
    kind: 'truth',
    path: truthPath,
  });
  await writeDrawnRoad(besideFile(videoPath), 'camera', { points: triangle });
  assert.deepEqual(await roadOfRecording({ beside: besideFile(videoPath), truthPath }, model), {
    kind: 'polygon',
    points: triangle,
  });
});

for (const [what, text, message] of [
  ['no JSON', '{', /drive 1\.road\.json cannot be used: it is not JSON/],
  ['another kind of JSON', '[]', /is not a JSON object/],
  ['another version', '{"roadgazeRoad":2,"points":[[0,0],[1,0],[1,1]]}', /wrong "roadgazeRoad"/],
  ['two points', '{"roadgazeRoad":1,"points":[[0,0],[1,0]]}', /wrong "points"/],
  [
    'a point far outside the frame',
    '{"roadgazeRoad":1,"points":[[0,0],[1,0],[7,1]]}',
    /wrong "points\.2\.0"/,
  ],
  [
    'a point that is no number',
    '{"roadgazeRoad":1,"points":[[0,0],[1,"0"],[1,1]]}',
    /wrong "points\.1\.1"/,
  ],
  [
    'a negative margin',
    '{"roadgazeRoad":1,"points":[[0,0],[1,0],[1,1]],"margin":-1}',
    /wrong "margin"/,
  ],
  [
    'an unknown field',
    '{"roadgazeRoad":1,"points":[[0,0],[1,0],[1,1]],"color":1}',
    /unknown field "color"/,
  ],
] as const) {
  test(`a road file with ${what} is refused by name`, async (t) => {
    const video = recordingIn(t);
    writeFileSync(roadFilePath(besideFile(video), 'recording'), text);
    await assert.rejects(readDrawnRoad(besideFile(video)), { code: 'ROAD_INVALID', message });
  });
}

test('a road that could not be read again is not kept', async (t) => {
  const video = recordingIn(t);
  await assert.rejects(writeDrawnRoad(besideFile(video), 'camera', { points: triangle.slice(1) }), {
    code: 'ROAD_INVALID',
  });
  await assert.rejects(
    writeDrawnRoad(besideFile(video), 'camera', {
      points: [
        [0, 0],
        [1, NaN],
        [1, 1],
      ],
    }),
    { code: 'ROAD_INVALID' },
  );
  assert.deepEqual(readdirSync(join(video, '..')), []);
});

test(
  'a road on a full disk is told, and the road that was there stays',
  { skip: withoutMounts },
  async (t) => {
    const disk = smallDisk(t, 16);
    const video = join(disk, 'drive.mp4');
    await writeDrawnRoad(besideFile(video), 'camera', { points: triangle });
    const before = readFileSync(roadFilePath(besideFile(video), 'camera'), 'utf8');
    writeFileSync(join(disk, 'filler'), Buffer.alloc(12 << 10));
    await assert.rejects(
      writeDrawnRoad(besideFile(video), 'camera', { points: [...triangle, [0.5, 0.5]] }),
      {
        code: 'OUTPUT_NOT_WRITABLE',
        message: /roadgaze\.road\.json: the disk is full\.$/,
      },
    );
    assert.deepEqual(readdirSync(disk).sort(), ['filler', 'roadgaze.road.json']);
    assert.equal(readFileSync(roadFilePath(besideFile(video), 'camera'), 'utf8'), before);
  },
);

test('a folder that does not take files is named', async (t) => {
  const video = join(temporaryFolder(t), 'missing', 'drive.mp4');
  await assert.rejects(writeDrawnRoad(besideFile(video), 'camera', { points: triangle }), {
    code: 'OUTPUT_NOT_WRITABLE',
    message: /roadgaze\.road\.json: the folder is not there\.$/,
  });
});
