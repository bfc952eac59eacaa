import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { drivesAt } from '../../server/drive/drives-at.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import { zipOf } from '../support/zip.ts';

type Files = Readonly<Record<string, string | Buffer>>;

function folderWith(t: Parameters<typeof temporaryFolder>[0], files: Files): string {
  const folder = join(temporaryFolder(t), 'drive');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const bytes = (text: string) => Buffer.from(text, 'latin1');
const capnProto = Buffer.alloc(64);
capnProto.writeUInt32LE(7, 4);

const files: readonly (readonly [title: string, name: string, content: Buffer, says: RegExp])[] = [
  ['an openpilot log in bzip2', 'rlog.bz2', bytes('BZh91AY'), /a log of openpilot/],
  [
    'an openpilot log in Zstandard',
    'qlog.zst',
    bytes('\u0028\u00b5\u002f\u00fd'),
    /a log of openpilot/,
  ],
  ['an openpilot log as it is', 'rlog', capnProto, /a log of openpilot/],
  ['Parquet', 'a.parquet', bytes('PAR1'), /a Parquet file/],
  ['a NumPy array', 'frames.npy', bytes('\u0093NUMPY\u0001\0'), /a NumPy array/],
  ['NumPy arrays', 'frames.npz', zipOf(['arr_0.npy']), /a collection of NumPy arrays/],
  [
    'a Keras network',
    'net.h5',
    bytes('\u0089HDF\r\n\u001a\n'),
    /net\.h5 is a network, not a recording/,
  ],
  ['a drive log', 'a.csv', bytes('t,steering\n0,1\n'), /a\.csv is a drive log, not a recording/],
  ['an archive', 'a.tar.gz', bytes('\u001f\u008b\b'), /a packed file/],
];

for (const [title, name, content, says] of files) {
  test(`${title} given as a recording is recognised by its content`, async (t) => {
    const [recording] = await drivesAt(join(folderWith(t, { [name]: content }), name));
    assert.equal(recording?.fault?.code, 'DRIVE_UNSUPPORTED');
    assert.match(recording.fault.message, says);
  });
}

test('a network given as a recording is said to be one', async (t) => {
  const [recording] = await drivesAt(writeSteeringNetwork(temporaryFolder(t)));
  assert.deepEqual(
    [recording?.fault?.message, recording?.fault?.hint],
    [
      'small.onnx is an ONNX network, not a recording.',
      'Name the recording first, and the network with --model.',
    ],
  );
});

test('beside videos only whole drives are told of, not single arrays, tables or pictures', async (t) => {
  const folder = folderWith(t, {
    'a.db3': 'SQLite format 3\0',
    'map.npy': bytes('\u0093NUMPY'),
    'log.parquet': 'PAR1',
    'notes.bin': 'x',
    'shots/1.png': 'x',
    'shots/2.png': 'x',
  });
  await makeNumberedClip(join(folder, 'clip.mp4'), { frames: 2 });
  assert.deepEqual(
    (await drivesAt(folder)).map(({ name, fault }) => [name, fault !== null]),
    [
      ['clip', false],
      ['a', true],
    ],
  );
});

test('video is never taken for anything else', async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['a.mp4', 'a.mkv', 'a.avi', 'a.h264', 'a.ts'])
    await makeNumberedClip(join(folder, name), { frames: 3 });
  for (const recording of await drivesAt(folder))
    assert.equal((await drivesAt(recording.path))[0]?.fault, null, recording.path);
});

test(
  'real drives are recognised',
  { skip: sharedFolder ? false : '../shared is not here' },
  async () => {
    for (const [name, says] of [['donkeycar-tub-v2.tar.gz', /a packed file/]] as const) {
      const listed = await drivesAt(join(sharedFolder!, 'real', name));
      assert.ok(
        listed.some(({ fault }) => fault && says.test(fault.message)),
        `${name}: ${listed.map(({ fault }) => fault?.message).join(' ')}`,
      );
    }
  },
);
