import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

/** Processes of this one that decode the clip. */
async function decoders(clip: string): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'ppid=,args=']);
  return stdout
    .split('\n')
    .filter(
      (line) =>
        Number.parseInt(line, 10) === process.pid && line.includes('ffmpeg') && line.includes(clip),
    ).length;
}

async function untilDecoders(clip: string, count: number): Promise<void> {
  while ((await decoders(clip)) !== count) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function watchLongClip(t: TestContext) {
  const folder = temporaryFolder(t);
  const clip = await makeNumberedClip(join(folder, 'a.mp4'), { frames: 3000, size: [160, 96] });
  const server = await serve(t, {
    recordings: folder,
    networks: [await writeReadingNetwork(folder)],
    lingerSeconds: 600,
  });
  const viewer = await Viewer.connect(server);
  await viewer.open('a.mp4', 'reading');
  await viewer.message('analysis', ({ complete }) => complete);
  return { clip, server, viewer };
}

describe('decoders', () => {
  it('end when the client vanishes without a word while playing', async (t) => {
    const { clip, viewer } = await watchLongClip(t);
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
    await viewer.frame(({ frame }) => frame > 3);
    await untilDecoders(clip, 1);
    viewer.socket.terminate();
    await untilDecoders(clip, 0);
  });

  it('end when the connection violates the protocol', async (t) => {
    const { clip, viewer } = await watchLongClip(t);
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
    await viewer.frame(({ frame }) => frame > 3);
    viewer.socket.send('nonsense');
    await untilDecoders(clip, 0);
  });

  it('are never more than one for a viewer, however it scrubs and plays', async (t) => {
    const { clip, viewer } = await watchLongClip(t);
    for (let round = 0; round < 10; round++) {
      viewer.send({ type: 'seek', frame: (round * 577) % 3000, generation: round * 2 });
      viewer.send({ type: 'play', frame: round * 100, speed: 1, loop: true });
      viewer.send({ type: 'seek', frame: (round * 811) % 3000, generation: round * 2 + 1 });
    }
    await viewer.frame(({ generation }) => generation === 19);
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
    await viewer.frame(({ frame }) => frame === 2, viewer.frames.length);
    await untilDecoders(clip, 1);
    await viewer.close();
    await untilDecoders(clip, 0);
  });

  it('of players and of the analysis are gone once the server is closed', async (t) => {
    const folder = temporaryFolder(t);
    const clip = await makeNumberedClip(join(folder, 'a.mp4'), { frames: 3000 });
    const server = await serve(t, {
      recordings: folder,
      networks: [await writeReadingNetwork(folder)],
    });
    const viewer = await Viewer.connect(server);
    await viewer.open('a.mp4', 'reading');
    viewer.send({ type: 'play', frame: 0, speed: 1, loop: true });
    await viewer.frame(({ frame }) => frame > 0);
    await server.close();
    assert.equal(await decoders(clip), 0);
  });
});
