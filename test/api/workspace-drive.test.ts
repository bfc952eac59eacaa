import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { KeptAnalyses } from '../../server/analysis/kept-analyses.ts';
import { Workspace } from '../../server/workspaces/workspace.ts';
import { driveAt } from '../../server/drive/drives-at.ts';
import { VIDEO } from '../../server/drive/readers/video.ts';
import { DISPLAY } from '../../server/pipeline/player-frames.ts';
import { PlaybackPriority } from '../../server/pipeline/playback-priority.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { collect } from '../support/collect.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

/** Opens a video through a reader that counts what it opens and closes. */
async function counted(t: TestContext, networkPath: string) {
  const path = await makeNumberedClip(join(temporaryFolder(t), 'drive.mp4'), { frames: 40 });
  const counts = { opened: 0, closed: 0 };
  const reader = {
    ...VIDEO,
    async open(...request: Parameters<typeof VIDEO.open>) {
      counts.opened++;
      const drive = await VIDEO.open(...request);
      const close = drive.close.bind(drive);
      return Object.assign(drive, {
        close: () => {
          counts.closed++;
          return close();
        },
      });
    },
  };
  const recording = { ...(await driveAt(path)), reader };
  const request = {
    recording,
    network: { path: networkPath, summary: { id: 'net', name: 'net', error: null } },
    road: { kind: 'none' },
    log: {},
    methods: ['visualbackprop'],
    wish: { provider: 'cpu', workers: 1 },
  } as const;
  const opening = Workspace.open(
    request,
    new KeptAnalyses(),
    new PlaybackPriority(),
    new AbortController().signal,
  );
  return { counts, opening };
}

test('a workspace opens its drive once, however much is taken from it, and closes it with itself', async (t) => {
  const { counts, opening } = await counted(t, writeSteeringNetwork(temporaryFolder(t)));
  const workspace = await opening;
  const frames = await collect(workspace.drive.frames({ images: [], display: DISPLAY }));
  assert.deepEqual([frames.length, workspace.index.pts.length], [40, 40]);
  assert.deepEqual(counts, { opened: 1, closed: 0 });
  await workspace.close();
  assert.deepEqual(counts, { opened: 1, closed: 1 });
  const late = workspace.drive.frames({ images: [], display: DISPLAY });
  await assert.rejects(late[Symbol.asyncIterator]().next(), { name: 'AbortError' });
});

test('a drive is closed whose network cannot be read', async (t) => {
  const { counts, opening } = await counted(t, join(temporaryFolder(t), 'nowhere.onnx'));
  await assert.rejects(opening, { code: 'INPUT_NOT_FOUND' });
  assert.deepEqual(counts, { opened: 1, closed: 1 });
});
