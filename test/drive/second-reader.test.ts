import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { roadOfRecording, writeDrawnRoad } from '../../server/attention/road-file.ts';
import { driveAt, drivesAt } from '../../server/drive/drives-at.ts';
import { readDriveLog } from '../../server/drive/log/csv-log.ts';
import { openRecording } from '../../server/drive/open-recording.ts';
import { filesVersion } from '../../server/files/files-version.ts';
import { READERS } from '../../server/drive/readers/index.ts';
import type { DriveReader } from '../../server/drive/source.ts';
import { sourceOfTrack } from '../../server/drive/track-source.ts';
import { analyzeRecording, type AnalysisEnd } from '../../server/pipeline/analysis.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { ffmpeg, makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { collect } from '../support/collect.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

/** All that a further format takes: numbered JPEGs, and a CSV with a row for each of them. */
const NUMBERED: DriveReader = {
  id: 'numbered',
  title: 'a folder of numbered pictures',
  async recognises({ names, name }) {
    return names.has('rows.csv') && names.has('0001.jpg') ? [{ key: null, name }] : null;
  },
  async open({ path, names }) {
    const csv = join(path, 'rows.csv');
    const pictures = [...names].filter((name) => name.endsWith('.jpg')).sort();
    const rows = await readDriveLog(csv);
    const track = {
      name: path,
      codec: 'mjpeg',
      pts: rows.times.slice(0, pictures.length),
      keyframes: null,
      read: async (packet: number) => ({ bytes: await readFile(join(path, pictures[packet]!)) }),
      version: () => filesVersion([path]),
    } as const;
    return sourceOfTrack({
      track,
      format: NUMBERED.title,
      path,
      cameras: [{ id: 'front', title: 'Front', frames: pictures.length }],
      camera: 'front',
      log: async (choices, { video }) => readDriveLog(csv, video, choices),
      version: () => filesVersion([csv]),
    });
  },
};

const TIMES = [10, 10.1, 10.2, 10.35, 10.5, 10.6];

async function numberedDrive(t: TestContext): Promise<string> {
  const base = temporaryFolder(t);
  const folder = join(base, 'a drive');
  mkdirSync(folder);
  const clip = await makeNumberedClip(join(base, 'clip.mkv'), { frames: TIMES.length });
  await ffmpeg('-i', clip, '-q:v', '2', join(folder, '%04d.jpg'));
  const rows = TIMES.map((time, row) => `${time},${row / 10}`);
  writeFileSync(join(folder, 'rows.csv'), ['t [s],steering [rad]', ...rows, ''].join('\n'));
  return folder;
}

test('a further reader in the list makes its drives listed, played and analysed', async (t) => {
  const folder = await numberedDrive(t);
  const readers = [...READERS, NUMBERED];
  const [, listed] = await drivesAt(join(folder, '..'), readers);
  assert.deepEqual(
    [listed?.name, listed?.path, listed?.reader.id, listed?.fault],
    ['a drive', folder, 'numbered', null],
  );
  assert.deepEqual(await driveAt(folder, readers), listed);

  const drive = await openRecording(listed!);
  t.after(() => drive.close());
  assert.equal(drive.format, 'a folder of numbered pictures');
  assert.deepEqual([...(await drive.index()).pts], TIMES);
  assert.deepEqual(
    [...(await drive.log({}))!.steering!],
    TIMES.map((_, row) => row / 10),
  );
  const image = {
    crop: null,
    width: 160,
    height: 40,
    pixelFormat: 'gray',
    resize: 'area',
  } as const;
  const seen = await collect(drive.frames({ images: [image], from: 10.35 }));
  assert.deepEqual(
    seen.map(({ pts, images }) => [pts, readFrameNumber(images[0]!, 160, 40)]),
    [3, 4, 5].map((number) => [TIMES[number], number]),
  );

  const explainer = await openStreamExplainer({
    modelPath: writeSteeringNetwork(temporaryFolder(t)),
    road: { kind: 'none' },
    video: drive.video,
    wish: { provider: 'cpu', workers: 1 },
  });
  t.after(() => explainer.close());
  let end: AnalysisEnd | null = null;
  const analysed = await collect(
    analyzeRecording({
      drive,
      explainer,
      expected: (await drive.index()).pts,
      onEnd: (reached) => (end = reached),
    }),
  );
  assert.deepEqual(
    analysed.map(({ frame, pts }) => [frame, pts]),
    TIMES.map((time, frame) => [frame, time]),
  );
  assert.ok(analysed.every(({ steering }) => Number.isFinite(steering)));
  assert.equal((end as AnalysisEnd | null)?.shortfall, null);
});

test('what is drawn for a drive that is a folder is kept beside the folder, not in it', async (t) => {
  const folder = await numberedDrive(t);
  const drive = await driveAt(folder, [...READERS, NUMBERED]);
  const square = [[0, 0], [1, 0], [1, 1]] as const; // prettier-ignore
  await writeDrawnRoad(drive.beside, 'recording', { points: square });
  assert.deepEqual(
    JSON.parse(readFileSync(join(folder, '..', 'a drive.road.json'), 'utf8')).points,
    square,
  );
  assert.deepEqual(await roadOfRecording(drive, async () => null), {
    kind: 'polygon',
    points: square,
  });
});

test('a folder whose format owns its videos is listed as that drive alone, one with several drives as each of them', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'set'));
  for (const name of ['front.mp4', 'rear.mp4'])
    await makeNumberedClip(join(folder, 'set', name), { frames: 3 });
  const set: DriveReader = {
    ...NUMBERED,
    id: 'set',
    ownsVideos: true,
    recognises: async ({ names }) =>
      names.has('front.mp4')
        ? [
            { key: '0', name: 'set, first' },
            { key: '1', name: 'set, second' },
          ]
        : null,
  };
  const place = join(folder, 'set');
  assert.deepEqual(
    (await drivesAt(place)).map(({ name }) => name),
    ['front', 'rear'],
  );
  for (const path of [place, folder]) {
    const listed = await drivesAt(path, [set, ...READERS]);
    assert.deepEqual(
      listed.map(({ name, key, beside }) => [name, key, beside.road]),
      [
        ['set, first', '0', join(folder, 'set.0.road.json')],
        ['set, second', '1', join(folder, 'set.1.road.json')],
      ],
    );
    assert.equal(new Set(listed.map(({ id }) => id)).size, 2);
  }
});

test('what any folder may hold is a drive only where nothing else is there', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'shots'));
  writeFileSync(join(folder, 'shots', 'a.jpg'), 'x');
  const pictures: DriveReader = {
    ...NUMBERED,
    id: 'pictures',
    onlyAlone: true,
    recognises: async ({ names, name }) => (names.has('a.jpg') ? [{ key: null, name }] : null),
  };
  const names = async () =>
    (await drivesAt(folder, [...READERS, pictures])).map(({ name }) => name);
  assert.deepEqual(await names(), ['shots']);
  writeFileSync(join(folder, 'drive.mp4'), 'x');
  assert.deepEqual(await names(), ['drive']);
});
