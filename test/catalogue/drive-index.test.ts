import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { DriveIndex } from '../../server/catalogue/scan/drive-index.ts';
import type { FolderRecord } from '../../server/catalogue/scan/folder-record.ts';
import { NetworkList } from '../../server/catalogue/networks.ts';
import { FolderWatch } from '../../server/catalogue/scan/folder-watch.ts';
import { READERS } from '../../server/drive/readers/index.ts';
import { temporaryFolder } from '../support/paths.ts';

const TUB = { 'manifest.json': '[]', 'catalog_0.catalog': '{}', 'images/0.jpg': 'x' };

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

function under(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]),
  );
}

const idsOf = ({ list }: DriveIndex): string[] => list.drives.map(({ id }) => id);

test('drives of every depth are found, by folder and in natural order, with their paths as ids', async (t) => {
  const root = temporaryFolder(t);
  write(root, {
    'drive 10.mp4': 'x',
    'drive 9.mp4': 'x',
    'fleet/car 2/noon.mp4': 'x',
    'fleet/car 10/a.mp4': 'x',
    ...under('fleet/car 2/tub', TUB),
    'fleet/sim/driving_log.csv': 'center,left,right,steering',
    'fleet/sim/IMG/center_1.jpg': 'x',
    'fleet/bag.bag': '#ROSBAG V2.0\n',
    'fleet/notes/readme.txt': 'x',
    'node_modules/thing/movie.mp4': 'x',
    '.hidden/movie.mp4': 'x',
  });
  const index = new DriveIndex(root);
  await index.scan();
  assert.deepEqual(
    index.list.drives.map(({ path, reader }) => [path, reader]),
    [
      ['drive 9.mp4', 'video'],
      ['drive 10.mp4', 'video'],
      ['fleet/bag.bag', 'rosbag1'],
      ['fleet/car 2/noon.mp4', 'video'],
      ['fleet/car 2/tub', 'donkeycar-tub'],
      ['fleet/car 10/a.mp4', 'video'],
      ['fleet/sim', 'udacity'],
    ],
  );
  const ids = idsOf(index);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    ids.map((id) => id.replaceAll(/~[0-9a-f]{8}/g, '~')),
    [
      'drive-9.mp4~',
      'drive-10.mp4~',
      'fleet/bag.bag',
      'fleet/car-2~/noon.mp4',
      'fleet/car-2~/tub',
      'fleet/car-10~/a.mp4',
      'fleet/sim',
    ],
  );
  for (const id of ids) assert.equal(index.list.byId.get(id)?.id, id);
});

test('a folder of pictures is a drive where no drive lies in it or below it, and no video beside it', async (t) => {
  const root = temporaryFolder(t);
  const pictures = { '1.jpg': 'x', '2.jpg': 'x' };
  write(root, {
    ...pictures,
    ...under('shots', pictures),
    'clips/drive.mp4': 'x',
    ...under('clips/thumbnails', pictures),
    ...under('mixed', pictures),
    'mixed/below/drive.mp4': 'x',
  });
  const index = new DriveIndex(root);
  await index.scan();
  assert.deepEqual(idsOf(index), ['clips/drive.mp4', 'mixed/below/drive.mp4', 'shots']);
});

test('a second look opens only folders in which something has changed', async (t) => {
  const root = temporaryFolder(t);
  write(root, {
    'a/one.mp4': 'x',
    'b/log.mcap': '\u0089MCAP0\r\n',
    'b/other.bin': 'x',
    ...under('b/tub', TUB),
  });
  writeFileSync(join(root, 'b/log.mcap'), Buffer.from('\u0089MCAP0\r\n', 'latin1'));
  const long = new Date(Date.now() - 60_000);
  for (const path of [
    '.',
    'a',
    'a/one.mp4',
    'b',
    'b/log.mcap',
    'b/other.bin',
    'b/tub',
    'b/tub/images',
  ])
    utimesSync(join(root, path), long, long);
  const looked: string[] = [];
  const readers = READERS.map((reader) => ({
    ...reader,
    recognises: (place: Parameters<typeof reader.recognises>[0]) => {
      if (reader.id === 'video' && place.isFolder) looked.push(place.name);
      return reader.recognises(place);
    },
  }));
  const seen = async (index: DriveIndex): Promise<string[]> => {
    looked.length = 0;
    await index.scan();
    return looked.toSorted();
  };
  const index = new DriveIndex(root, { readers });
  assert.equal((await seen(index)).length, 3);
  assert.deepEqual(await seen(index), []);
  const kept = JSON.parse(JSON.stringify([...index.records.values()])) as FolderRecord[];
  const restored = new DriveIndex(root, { readers });
  restored.restore(kept);
  assert.deepEqual(idsOf(restored), ['a/one.mp4', 'b/log.mcap', 'b/tub']);
  assert.deepEqual(await seen(restored), []);
  // Written in place, so that its folder is as it was.
  writeFileSync(join(root, 'b/other.bin'), '#ROSBAG V2.0\n');
  assert.deepEqual(await seen(restored), ['b']);
  assert.deepEqual(idsOf(restored), ['a/one.mp4', 'b/log.mcap', 'b/other.bin', 'b/tub']);
  rmSync(join(root, 'a'), { recursive: true });
  await restored.scan();
  assert.deepEqual(idsOf(restored), ['b/log.mcap', 'b/other.bin', 'b/tub']);
});

test('what has changed is found by looking into its folder alone, with what is new below it', async (t) => {
  const root = temporaryFolder(t);
  write(root, { 'a/one.mp4': 'x', 'b/two.mp4': 'x' });
  const index = new DriveIndex(root);
  await index.scan();
  const { revision } = index;
  write(root, { 'a/three.mp4': 'x', 'b/four.mp4': 'x', 'a/deep/er/five.mp4': 'x' });
  await index.rescan(['a']);
  assert.deepEqual(idsOf(index), ['a/one.mp4', 'a/three.mp4', 'a/deep/er/five.mp4', 'b/two.mp4']);
  assert.ok(index.revision > revision);
  renameSync(join(root, 'a/deep'), join(root, 'a/moved'));
  await index.rescan(['a']);
  assert.ok(idsOf(index).includes('a/moved/er/five.mp4'));
  assert.ok(!idsOf(index).includes('a/deep/er/five.mp4'));
});

test('links are followed once: circles and second ways to a folder add nothing', async (t) => {
  const root = temporaryFolder(t);
  const outside = temporaryFolder(t);
  write(root, { 'z/drive.mp4': 'x' });
  write(outside, { 'far.mp4': 'x' });
  symlinkSync(root, join(root, 'z/circle'));
  symlinkSync(join(root, 'z'), join(root, 'again'));
  symlinkSync(outside, join(root, 'linked'));
  const index = new DriveIndex(root);
  await index.scan();
  assert.deepEqual(idsOf(index), ['linked/far.mp4', 'z/drive.mp4']);
  symlinkSync(join(root, 'z'), join(root, 'third'));
  await index.rescan(['']);
  assert.deepEqual(idsOf(index), ['linked/far.mp4', 'z/drive.mp4']);
});

test('depth and number are bounded, and that is told', async (t) => {
  const root = temporaryFolder(t);
  write(root, { 'a/b/c/deep.mp4': 'x', '1.mp4': 'x', 'x/2.mp4': 'x', 'y/3.mp4': 'x' });
  const limits = { depth: 2, folders: 100, drives: 100 };
  const deep = new DriveIndex(root, { limits });
  await deep.scan();
  assert.deepEqual(idsOf(deep), ['1.mp4', 'x/2.mp4', 'y/3.mp4']);
  assert.deepEqual(deep.notes, ['Folders more than 2 deep are not looked into.']);
  const few = new DriveIndex(root, { limits: { depth: 9, folders: 2, drives: 100 } });
  await few.scan();
  assert.equal(few.records.size <= 2 + 8, true);
  assert.deepEqual(few.notes, ['Only the first 100 drives in 2 folders are listed.']);
});

test('what analyze has written is told of its drive, and its overlay is no drive', async (t) => {
  const root = temporaryFolder(t);
  const flag = { kind: 'off-road', severity: 0.5, startPts: 0, endPts: 1 };
  write(root, {
    'drive.mp4': 'x',
    'results/drive/summary.json': JSON.stringify({
      roadgaze: 1,
      recording: { file: 'drive.mp4', durationSeconds: 4 },
      network: { name: 'PilotNet' },
      flags: 2,
      complete: true,
    }),
    'results/drive/frames.csv': 'frame',
    'results/drive/overlay.mp4': 'x',
    'results/drive/flags.json': JSON.stringify({
      flags: [flag, { ...flag, kind: 'dead', severity: 1 }],
    }),
  });
  const index = new DriveIndex(root);
  await index.scan();
  assert.deepEqual(idsOf(index), ['drive.mp4']);
  assert.deepEqual(index.list.results, [
    {
      drive: 'drive.mp4',
      durationSeconds: 4,
      network: 'PilotNet',
      flags: 2,
      worst: { kind: 'dead', severity: 1 },
      isWhole: true,
    },
  ]);
});

test('changes in a watched folder are told, those that come at once together', async (t) => {
  const root = temporaryFolder(t);
  write(root, { 'a/1.mp4': 'x', 'b/1.mp4': 'x' });
  let tell: (folders: readonly string[]) => void = () => {};
  const told = new Promise<readonly string[]>((resolve) => (tell = resolve));
  const watch = new FolderWatch(root, (folders) => tell(folders));
  t.after(() => watch.close());
  watch.set(['', 'a', 'b']);
  write(root, { 'a/2.mp4': 'x', 'b/2.mp4': 'x' });
  assert.deepEqual((await told).toSorted(), ['a', 'b']);
});

test('networks of other programs are listed with what they are and how they are converted', async (t) => {
  const root = temporaryFolder(t);
  const hdf5 = '\u0089HDF\r\n\u001a\n';
  const bytes = (name: string, text: string) =>
    writeFileSync(join(root, name), Buffer.from(text, 'latin1'));
  bytes('pilot.h5', `${hdf5} model_weights layer_names`);
  // A data set, and files of other kinds.
  bytes('camera.h5', `${hdf5} X`);
  bytes('lite.tflite', '\u001c\0\0\0TFL3');
  bytes('done.keras', 'x');
  bytes('notes.pt', 'no network');
  bytes('frozen.pb', '\n\u0010');
  mkdirSync(join(root, 'saved'));
  bytes('saved/saved_model.pb', '\b\u0001');
  mkdirSync(join(root, 'no network'));
  const list = new NetworkList({ networks: [root], roads: [] });
  const found = (await list.steering()).map(({ summary }) => summary);
  assert.deepEqual(
    found.map(({ id, name, error }) => [id, name, error?.message, error?.hint]),
    [
      [
        'frozen',
        'frozen.pb',
        'frozen.pb is a TensorFlow graph, and no ONNX file.',
        `Convert it, with the names of its tensors: python -m tf2onnx.convert --graphdef ${join(root, 'frozen.pb')} --inputs image:0 --outputs steering:0 --output ${join(root, 'frozen.onnx')}`,
      ],
      [
        'lite',
        'lite.tflite',
        'lite.tflite is a TensorFlow Lite network, and no ONNX file.',
        `Convert it: python -m tf2onnx.convert --tflite ${join(root, 'lite.tflite')} --output ${join(root, 'lite.onnx')}`,
      ],
      [
        'pilot',
        'pilot.h5',
        'pilot.h5 is a Keras network (HDF5), and no ONNX file.',
        `Convert it: python -m tf2onnx.convert --keras ${join(root, 'pilot.h5')} --output ${join(root, 'pilot.onnx')}`,
      ],
      [
        'saved',
        'saved',
        'saved is a TensorFlow SavedModel, and no ONNX file.',
        `Convert it: python -m tf2onnx.convert --saved-model ${join(root, 'saved')} --output ${join(root, 'saved.onnx')}`,
      ],
    ],
  );
  const itself = new NetworkList({ networks: [join(root, 'saved')], roads: [] });
  assert.deepEqual(
    (await itself.steering()).map(({ summary }) => summary),
    [found[3]],
  );
});
