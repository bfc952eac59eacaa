import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { Drives } from '../../server/catalogue/drives.ts';
import { pathParts } from '../../server/catalogue/uploads/upload-names.ts';
import { NetworkList } from '../../server/catalogue/networks.ts';
import { Uploads, UPLOADS_FOLDER } from '../../server/catalogue/uploads/uploads.ts';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { temporaryFolder } from '../support/paths.ts';

const MODIFIED = 1_700_000_000_000;

function uploadsTo(t: TestContext, root: string, mostBytes = 1000): Uploads {
  const drives = new Drives({ recordings: root });
  t.after(() => drives.close());
  return new Uploads(drives, mostBytes);
}

const file = (path: string, text: string) => ({
  path,
  bytes: Buffer.byteLength(text),
  modified: MODIFIED,
});
const bytes = (text: string) => Readable.from([Buffer.from(text)]);

test('a folder appears under its name when all of it is there, and its drive in the list', async (t) => {
  const root = temporaryFolder(t);
  const uploads = uploadsTo(t, root);
  const files = { 'tub/manifest.json': '[]', 'tub/catalog_0.catalog': '{}', 'tub/empty.txt': '' };
  const list = Object.entries(files).map(([path, text]) => file(path, text));
  const { upload, received } = await uploads.begin(list);
  assert.deepEqual(received, [0, 0, 0]);
  assert.equal(await uploads.write(upload, 0, 0, bytes('[]')), 2);
  await assert.rejects(uploads.finish(upload), {
    code: 'USAGE',
    message: /catalog_0.catalog is not whole yet: 0 of 2/,
  });
  assert.ok(!existsSync(join(root, 'uploads/tub')));
  await uploads.write(upload, 1, 0, bytes('{'));
  assert.equal(await uploads.write(upload, 1, 1, bytes('}')), 2);
  assert.deepEqual(await uploads.finish(upload), {
    path: 'uploads/tub',
    drives: [{ id: 'uploads/tub', name: 'tub' }],
    networks: [],
  });
  for (const [path, text] of Object.entries(files))
    assert.equal(readFileSync(join(root, 'uploads', path), 'utf8'), text);
  assert.deepEqual(readdirSync(join(root, 'uploads')), ['tub']);
});

test('the same files go on where they broke off, after a start of the server too', async (t) => {
  const root = temporaryFolder(t);
  const list = [file('drive.mp4', '0123456789')];
  const { upload } = await uploadsTo(t, root).begin(list);
  const before = uploadsTo(t, root);
  await before.begin(list);
  const broken = new Readable({ read() {} });
  broken.push(Buffer.from('0123'));
  const written = before.write(upload, 0, 0, broken);
  await assert.rejects(before.write(upload, 0, 0, bytes('x')), {
    code: 'USAGE',
    message: /is being sent already/,
  });
  setImmediate(() => broken.destroy(new Error('gone')));
  await assert.rejects(written);
  const after = uploadsTo(t, root);
  const { upload: same, received } = await after.begin(list);
  assert.equal(same, upload);
  const [there] = received;
  assert.ok(there === 0 || there === 4);
  await assert.rejects(after.write(upload, 0, 7, bytes('x')), {
    code: 'USAGE',
    message: /goes on at byte/,
  });
  await after.write(upload, 0, there, bytes('0123456789'.slice(there)));
  assert.equal((await after.finish(upload)).path, 'uploads/drive.mp4');
  assert.equal(readFileSync(join(root, 'uploads/drive.mp4'), 'utf8'), '0123456789');
});

test('what is there already stays: a folder gets a number, files that belong together a folder', async (t) => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'uploads/tub'), { recursive: true });
  writeFileSync(join(root, 'uploads/a.mp4'), 'old');
  const uploads = uploadsTo(t, root);
  const sent = async (...list: [string, string][]) => {
    const { upload } = await uploads.begin(list.map(([path, text]) => file(path, text)));
    for (const [index, [, text]] of list.entries())
      await uploads.write(upload, index, 0, bytes(text));
    return (await uploads.finish(upload)).path;
  };
  assert.equal(await sent(['tub/x.json', '1']), 'uploads/tub (2)');
  assert.equal(await sent(['a.mp4', 'new']), 'uploads/a');
  assert.equal(await sent(['b.mp4', 'v'], ['b.csv', 't']), 'uploads/b');
  assert.equal(readFileSync(join(root, 'uploads/a.mp4'), 'utf8'), 'old');
  assert.equal(readFileSync(join(root, 'uploads/a/a.mp4'), 'utf8'), 'new');
  assert.deepEqual(readdirSync(join(root, 'uploads/b')).toSorted(), ['b.csv', 'b.mp4']);
});

test('no more is taken than was said, than is allowed, and than there is room for', async (t) => {
  const root = temporaryFolder(t);
  const uploads = uploadsTo(t, root, 10);
  await assert.rejects(uploads.begin([file('a', '01234567890')]), {
    code: 'USAGE',
    message: /more than this server takes/,
  });
  await assert.rejects(uploads.begin([]), { code: 'USAGE' });
  const { upload } = await uploads.begin([file('a', '0123')]);
  await assert.rejects(uploads.write(upload, 0, 0, bytes('012345')), {
    code: 'USAGE',
    message: /longer than was said/,
  });
  await assert.rejects(uploads.write(upload, 1, 0, bytes('0')), { code: 'USAGE' });
  await assert.rejects(uploads.write('other', 0, 0, bytes('0')), { code: 'USAGE' });
  await uploads.abandon(upload);
  assert.deepEqual(readdirSync(join(root, 'uploads')), []);
  await assert.rejects(uploadsTo(t, root, 0).begin([file('a', '0')]), {
    code: 'USAGE',
    message: /takes no files/,
  });
  const huge = uploadsTo(t, root, Number.MAX_SAFE_INTEGER);
  await assert.rejects(huge.begin([{ path: 'a', bytes: 2 ** 52, modified: 0 }]), {
    code: 'OUTPUT_NOT_WRITABLE',
    message: /no room/,
  });
});

test('names that lead elsewhere are refused, and so is a folder of uploads that does', async (t) => {
  for (const path of [
    '../a',
    'a/../../b',
    '/etc/passwd',
    'a//b',
    './a',
    '.hidden',
    'a/.git/x',
    'a\\..\\b',
    'a\0b',
    'a\nb',
    'nul',
    'COM1.txt',
    'a.',
    'a ',
    'x'.repeat(201),
    `${'d/'.repeat(16)}x`,
    '\ud800',
    '',
  ])
    // prettier-ignore
    assert.throws(() => pathParts(path), { code: 'USAGE' }, JSON.stringify(path));
  assert.deepEqual(pathParts('b0c9|2018-07-30/10/video ü.hevc'), [
    'b0c9|2018-07-30',
    '10',
    'video ü.hevc',
  ]);
  const [root, outside] = [temporaryFolder(t), temporaryFolder(t)];
  symlinkSync(outside, join(root, 'uploads'));
  await assert.rejects(uploadsTo(t, root).begin([file('a', '1')]), { code: 'OUTPUT_NOT_WRITABLE' });
  const twice = uploadsTo(t, temporaryFolder(t));
  await assert.rejects(twice.begin([file('A.mp4', '1'), file('a.MP4', '1')]), {
    code: 'USAGE',
    message: /sent twice/,
  });
});

test('a network that is dropped with its sidecar and weights is kept, and can be chosen', async (t) => {
  const root = temporaryFolder(t);
  const made = temporaryFolder(t);
  const network = await writeReadingNetwork(made);
  const models = new NetworkList({
    networks: [network],
    roads: [],
    dropped: join(root, UPLOADS_FOLDER),
  });
  const [own] = await models.steering();
  const drives = new Drives({ recordings: root });
  t.after(() => drives.close());
  const uploads = new Uploads(drives, 1 << 24, () => models.steering());
  const stem = basename(network, '.onnx');
  const contents = [
    [`${stem}.onnx`, readFileSync(network)],
    [`${stem}.json`, readFileSync(network.replace(/onnx$/, 'json'))],
    [`${stem}.onnx.data`, Buffer.from('weights')],
  ] as const;
  const { upload } = await uploads.begin(
    contents.map(([path, { length }]) => ({ path, bytes: length, modified: MODIFIED })),
  );
  for (const [index, [, content]] of contents.entries())
    await uploads.write(upload, index, 0, Readable.from([content]));
  const { path, networks } = await uploads.finish(upload);
  assert.equal(path, `uploads/${stem}`);
  assert.deepEqual(networks, [{ ...own!.summary, id: `${stem}-2` }]);
  assert.deepEqual(
    (await models.steering()).map(({ path: place }) => place),
    [network, join(root, 'uploads', stem, `${stem}.onnx`)],
  );
  assert.deepEqual(
    readdirSync(join(root, 'uploads', stem)).sort(),
    contents.map(([name]) => name).sort(),
  );
});
