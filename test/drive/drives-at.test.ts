import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { driveAt, drivesAt } from '../../server/drive/drives-at.ts';
import { drivesBelow } from '../../server/drive/drives-below.ts';
import { temporaryFolder } from '../support/paths.ts';

function folderWith(
  t: Parameters<typeof temporaryFolder>[0],
  files: Readonly<Record<string, string | Buffer>>,
): string {
  const folder = temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

test('a folder gives its videos in natural order, each with the log and the ground truth beside it', async (t) => {
  const folder = folderWith(t, {
    'drive 10.mp4': 'x',
    'drive 9.MKV': 'x',
    'drive 9.csv': '',
    'drive 10.truth.jsonl.gz': '',
    'notes.txt': '',
    '._drive 10.mp4': '',
  });
  mkdirSync(join(folder, 'folder.mp4'));
  assert.deepEqual(
    (await drivesAt(folder)).map(({ name, logPath, truthPath }) => [name, logPath, truthPath]),
    [
      ['drive 9', join(folder, 'drive 9.csv'), null],
      ['drive 10', null, join(folder, 'drive 10.truth.jsonl.gz')],
    ],
  );
});

test('ids are safe in a URL, differ for names that look alike in ASCII, and do not depend on the other files', async (t) => {
  const names = [
    'drive.mp4',
    'drive.mkv',
    'a b.mp4',
    'a-b.mp4',
    'a+b.mp4',
    'Straße 東京.mp4',
    '東京.mp4',
    '%2e.mp4',
  ];
  const together = await drivesAt(
    folderWith(t, Object.fromEntries(names.map((name) => [name, '']))),
  );
  assert.equal(new Set(together.map(({ id }) => id)).size, names.length);
  for (const { id, path } of together) {
    assert.match(id, /^[A-Za-z0-9._~-]+$/);
    assert.equal(encodeURIComponent(id), id);
    const name = path.slice(path.lastIndexOf('/') + 1);
    assert.equal((await drivesAt(folderWith(t, { [name]: '' })))[0]?.id, id);
  }
  assert.equal(together.find(({ name }) => name === 'drive')?.id.slice(0, 6), 'drive.');
});

test('one file is one recording, whatever its ending, through a link too', async (t) => {
  const folder = folderWith(t, { 'capture.bin': 'x', 'capture.csv': '' });
  symlinkSync(join(folder, 'capture.bin'), join(folder, 'linked.mp4'));
  const [recording, ...others] = await drivesAt(join(folder, 'capture.bin'));
  assert.deepEqual(others, []);
  assert.equal(recording?.name, 'capture');
  assert.equal(recording?.logPath, join(folder, 'capture.csv'));
  assert.deepEqual(
    (await drivesAt(folder)).map(({ name }) => name),
    ['linked'],
  );
});

test('of files ending in .ts and .mts only MPEG transport streams are recordings', async (t) => {
  const transport = Buffer.alloc(188 * 3);
  for (let at = 0; at < transport.length; at += 188) transport[at] = 0x47;
  const withArrivalTimes = Buffer.alloc(192 * 3);
  for (let at = 4; at < withArrivalTimes.length; at += 192) withArrivalTimes[at] = 0x47;
  const folder = folderWith(t, {
    'drive.ts': transport,
    'camera.mts': withArrivalTimes,
    'source.ts': `Go ${'x'.repeat(400)}`,
    'short.ts': 'G',
  });
  assert.deepEqual(
    (await drivesAt(folder)).map(({ name }) => name),
    ['camera', 'drive'],
  );
});

test('an empty folder gives no recordings; a path that is not there is named', async (t) => {
  const folder = temporaryFolder(t);
  assert.deepEqual(await drivesAt(folder), []);
  await assert.rejects(drivesAt(join(folder, 'nowhere.mp4')), {
    code: 'INPUT_NOT_FOUND',
    message: `There is no file or folder ${join(folder, 'nowhere.mp4')}.`,
  });
});

test(
  'a folder that may not be read is said to be so',
  { skip: process.getuid?.() === 0 && 'root may read everything' },
  async (t) => {
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o000);
    try {
      await assert.rejects(drivesAt(folder), {
        code: 'INPUT_NOT_FOUND',
        message: /may not be read/,
      });
    } finally {
      chmodSync(folder, 0o700);
    }
  },
);

const DRIVES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'donkeycar-tub': { 'manifest.json': '[]', 'catalog_0.catalog': '{}', 'thumb.mp4': 'x' },
  udacity: { 'driving_log.csv': 'center,left,right,steering', 'IMG/center_1.jpg': 'x' },
  pictures: { '0001.png': 'x', '0002.png': 'x' },
};

for (const [reader, files] of Object.entries(DRIVES)) {
  test(`a drive of the reader ${reader} is listed, in itself and as one of a folder`, async (t) => {
    const base = temporaryFolder(t);
    const folder = join(base, '2024.05 drive');
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    for (const path of [folder, base])
      assert.deepEqual(
        (await drivesAt(path)).map((drive) => [
          drive.name,
          drive.path,
          drive.reader.id,
          drive.fault,
        ]),
        [['2024.05 drive', folder, reader, null]],
      );
  });
}

test('the one drive of a path is found; a folder of several, or of none, is refused', async (t) => {
  const folder = folderWith(t, { 'a.mp4': 'x' });
  assert.equal((await driveAt(folder)).path, join(folder, 'a.mp4'));
  writeFileSync(join(folder, 'b.mp4'), 'x');
  await assert.rejects(driveAt(folder), {
    code: 'INPUT_NOT_FOUND',
    message: `${folder} holds 2 recordings.`,
  });
  const empty = temporaryFolder(t);
  await assert.rejects(driveAt(empty), {
    code: 'INPUT_NOT_FOUND',
    message: `${empty} is a folder without a recording.`,
  });
});

test('drives in folders below are counted, without those that are known, results and circles', async (t) => {
  const folder = temporaryFolder(t);
  const write = (path: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), 'no video, but called so');
  };
  for (const path of [
    'own.mp4',
    'day 1/a.mp4',
    'day 1/b.mkv',
    'day 1/notes.csv',
    'day 2/night/c.mp4',
    'out/drive/overlay.mp4',
    'kept/overlay.mp4',
    'kept/summary.json',
    'kept/frames.csv',
  ])
    write(path);
  symlinkSync(folder, join(folder, 'day 2', 'circle'));
  const known = new Set([join(folder, 'day 1', 'a.mp4')]);
  assert.deepEqual(await drivesBelow(folder, known, join(folder, 'out')), [
    { folder: 'day 1', drives: 1 },
    { folder: 'day 2/night', drives: 1 },
  ]);
  assert.deepEqual(await drivesBelow(join(folder, 'own.mp4'), known, ''), []);
});
