import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { FeedRoads } from '../../server/feeds/feed-roads.ts';
import { parseFeedAddress } from '../../server/live/feed-address.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { Viewer } from './support/viewer.ts';

const DRAWN = [
  [0, 0.5],
  [0.5, 0.5],
  [0.5, 1],
] as const;

/** The built program, started as a user does; gives a viewer of its page. */
async function serve(t: TestContext, cwd: string, args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [
      join(repositoryRoot, 'dist/node/server/cli/main.js'),
      'serve',
      ...args,
      '--provider',
      'cpu',
      '--workers',
      '1',
      '--port',
      '0',
    ],
    { cwd, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  while (!printed.includes('Ctrl-C'))
    await Promise.race([once(child.stdout, 'data'), ended.then(() => assert.fail(printed))]);
  const viewer = await Viewer.connect({
    port: Number(new URL(/http:\/\/\S+/.exec(printed)![0]).port),
  });
  const stop = async () => {
    await viewer.close();
    child.kill('SIGINT');
    await ended;
  };
  return { viewer, stop };
}

async function roadOf(viewer: Viewer, feed: string) {
  const since = viewer.messages.length;
  viewer.send({ type: 'watch', feed });
  return (await viewer.openedFeed((message) => message.feed.id === feed, since)).road;
}

describe('a road that is drawn on a live feed', () => {
  it('is there again after a restart, by another name and another password, and nowhere is the password written', async (t) => {
    const folder = temporaryFolder(t);
    const drives = temporaryFolder(t);
    const network = await writeReadingNetwork(folder);
    const args = (address: string, ...further: string[]) => [
      drives,
      address,
      '--model',
      network,
      ...further,
    ];
    // Nobody answers there: a road is drawn for what is to come, too.
    const first = await serve(
      t,
      folder,
      args('rtsp://admin:hunter2@127.0.0.1:9/road?channel=1&token=hunter2'),
    );
    assert.equal((await roadOf(first.viewer, 'feed-1')).kind, 'model');
    first.viewer.send({ type: 'road', points: DRAWN });
    await first.viewer.openedFeed(({ road }) => road.kind === 'polygon');
    const clips = join(folder, 'roadgaze-clips');
    await first.stop();
    const files = await readdir(clips);
    assert.equal(files.length, 1);
    assert.match(files[0]!, /^rtsp-127-0-0-1-9-road-channel-1-[0-9a-f]{8}\.road\.json$/);
    assert.deepEqual(JSON.parse(await readFile(join(clips, files[0]!), 'utf8')), {
      roadgazeRoad: 1,
      points: DRAWN,
    });

    const second = await serve(
      t,
      folder,
      args('rtsp://other:secret@127.0.0.1:9/road?channel=1&token=secret'),
    );
    assert.deepEqual(await roadOf(second.viewer, 'feed-1'), { kind: 'polygon', points: DRAWN });
    second.viewer.send({
      type: 'add-feed',
      address: 'rtsp://127.0.0.1:9/road?channel=2',
      name: 'another',
    });
    const { feed } = await second.viewer.message('feed-added');
    assert.equal((await roadOf(second.viewer, feed)).kind, 'model', 'another camera');
    assert.equal((await roadOf(second.viewer, 'feed-1')).kind, 'polygon');
    second.viewer.send({ type: 'road', points: null });
    await second.viewer.openedFeed(
      ({ road }) => road.kind === 'model',
      second.viewer.messages.length,
    );
    await second.stop();
    assert.deepEqual(await readdir(clips), []);
  });
});

describe('the folder of roads', () => {
  const labelOf = (address: string) => parseFeedAddress(address).label;

  it('has a file for each address, whatever the credentials, and tells apart what is named alike', async (t) => {
    const folder = temporaryFolder(t);
    const roads = new FeedRoads(folder);
    const label = labelOf('srt://camera:9000?passphrase=0123456789&mode=caller');
    await roads.keep(label, DRAWN);
    assert.deepEqual(
      await roads.read(labelOf('srt://camera:9000?passphrase=9876543210&mode=caller')),
      { kind: 'polygon', points: DRAWN },
    );
    await roads.keep(labelOf('rtsp://user:hunter2@camera/a/b?pass=hunter2&x=1'), DRAWN);
    for (const other of [
      'srt://camera:9001?mode=caller',
      'rtsp://camera/a-b?x=1',
      'rtsp://camera/a/b?x=2',
      'rtsp://camera/a/b',
    ])
      assert.equal(await roads.read(labelOf(other)), null, other);
    const files = await readdir(folder);
    assert.equal(files.length, 2);
    for (const file of files)
      assert.match(
        file,
        /^(srt-camera-9000-mode-caller|rtsp-camera-a-b-x-1)-[0-9a-f]{8}\.road\.json$/,
      );
  });

  it('keeps the margin that somebody wrote into a file, and names a file that cannot be used', async (t) => {
    const folder = temporaryFolder(t);
    const roads = new FeedRoads(folder);
    await roads.keep('/dev/video0', DRAWN);
    const [file] = await readdir(folder);
    await writeFile(
      join(folder, file!),
      JSON.stringify({ roadgazeRoad: 1, points: DRAWN, margin: 4 }),
    );
    await roads.keep('/dev/video0', [...DRAWN, [0, 1]]);
    assert.deepEqual(await roads.read('/dev/video0'), {
      kind: 'polygon',
      points: [...DRAWN, [0, 1]],
      margin: 4,
    });
    await writeFile(join(folder, file!), '{}');
    await assert.rejects(roads.read('/dev/video0'), { code: 'ROAD_INVALID' });
  });

  it('says so where nothing can be written', async (t) => {
    const folder = temporaryFolder(t);
    await writeFile(join(folder, 'file'), '');
    await assert.rejects(new FeedRoads(join(folder, 'file', 'roads')).keep('/dev/video0', DRAWN), {
      code: 'OUTPUT_NOT_WRITABLE',
    });
  });
});
