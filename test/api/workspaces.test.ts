import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Catalogue } from '../../server/catalogue/catalogue.ts';
import { Workspaces } from '../../server/workspaces/workspaces.ts';
import type { Workspace } from '../../server/workspaces/workspace.ts';
import { PlaybackPriority } from '../../server/pipeline/playback-priority.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';

async function openWorkspaces(t: TestContext, frames: Readonly<Record<string, number>>) {
  const folder = temporaryFolder(t);
  for (const [name, count] of Object.entries(frames))
    await makeNumberedClip(join(folder, name), { frames: count, size: [160, 96] });
  const network = await writeReadingNetwork(folder);
  const opened: string[] = [];
  const catalogue = new Catalogue({
    recordings: folder,
    networks: [network],
    roads: [],
    road: { kind: 'none' },
  });
  const workspaces = new Workspaces(
    catalogue,
    { provider: 'cpu', workers: 1 },
    new PlaybackPriority(),
    600,
    ({ recording }) => opened.push(recording.id),
  );
  t.after(() => workspaces.close());
  const lease = (recording: string, methods: readonly string[] = ['visualbackprop']) =>
    workspaces.lease({ recording, network: 'reading', methods });
  return { lease, opened };
}

async function untilComplete(workspace: Workspace): Promise<void> {
  while (!workspace.hasAnalysisEnded) await new Promise((resolve) => setTimeout(resolve, 20));
}

const isClosed = ({ explainer }: Workspace) =>
  explainer.explain([new Uint8Array(160 * 8)], 0).then(
    () => false,
    ({ code }: { code: string }) => code === 'INFERENCE_FAILED',
  );

describe('workspaces', () => {
  it('let an analysis that nobody watches rest while something else is watched, and go on with it when it is watched again', async (t) => {
    const { lease } = await openWorkspaces(t, { 'long.mp4': 3000, 'short.mp4': 60 });
    const [long, short] = [await lease('long.mp4'), await lease('short.mp4')];
    long.release();
    await new Promise((resolve) => setImmediate(resolve));
    const done = long.workspace.columns.length;
    await untilComplete(short.workspace);
    // The row that was on its way may have come.
    assert.ok(long.workspace.columns.length <= done + 1 && done < 2999);
    const again = await lease('long.mp4');
    assert.equal(again.workspace, long.workspace);
    await untilComplete(again.workspace);
    assert.equal(again.workspace.columns.length, 3000);
    short.release();
    again.release();
  });

  it('let the analysis go on after the last viewer has left, when nothing else is watched', async (t) => {
    const { lease } = await openWorkspaces(t, { 'a.mp4': 200 });
    const { workspace, release } = await lease('a.mp4');
    release();
    await untilComplete(workspace);
    assert.equal(workspace.columns.length, 200);
  });

  it('keep the two left last, close older ones, and tell of a recording once however its panes change', async (t) => {
    const { lease, opened } = await openWorkspaces(t, { 'a.mp4': 10 });
    const left: Workspace[] = [];
    for (const methods of [
      ['visualbackprop'],
      ['gradient'],
      ['saliency'],
      ['gradient', 'saliency'],
    ]) {
      const { workspace, release } = await lease('a.mp4', methods);
      await untilComplete(workspace);
      left.push(workspace);
      release();
    }
    assert.deepEqual(await Promise.all(left.map(isClosed)), [true, true, false, false]);
    assert.equal((await lease('a.mp4', ['saliency'])).workspace, left[2]);
    assert.deepEqual(opened, ['a.mp4']);
  });
});
