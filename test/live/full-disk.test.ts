import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import { cutRing } from '../../server/live/cut-ring.ts';
import { SegmentRing } from '../../server/live/segment-ring.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { remount, smallDisk, withoutMounts } from '../support/small-disk.ts';
import { freeUdpPort, sendFile } from './support/sources.ts';
import { watch } from './support/watch.ts';

async function record(
  t: TestContext,
  parent: string,
  fill: (() => Promise<unknown>) | null = null,
) {
  const failures: (ErrorReport | null)[] = [];
  if (fill) await fill();
  const ring = await SegmentRing.open({
    parent,
    maxBytes: 1 << 26,
    maxSeconds: 600,
    segmentSeconds: 0.5,
    retrySeconds: 0.3,
    onFailure: (failure) => failures.push(failure),
  });
  const folder = temporaryFolder(t);
  const clip = await makeNumberedClip(join(folder, 'source.ts'), {
    frames: 600,
    fps: 15,
    size: [160, 96],
    keyframes: 8,
  });
  const port = await freeUdpPort();
  const feed = watch(t, `udp://127.0.0.1:${port}`, {
    ring,
    quietSeconds: 0.3,
    stallSeconds: 0.6,
  });
  t.after(() => feed.decoder.close().then(() => ring.close()));
  await sendFile(
    t,
    clip,
    '-muxdelay',
    '0',
    '-f',
    'mpegts',
    `udp://127.0.0.1:${port}?pkt_size=1316`,
  );
  const blames = () =>
    feed.states.filter(
      (state) => state.name === 'reconnecting' && state.reason.code !== 'FEED_CHANGED',
    );
  const goesOn = async () => {
    const { length } = feed.frames;
    await feed.frame(() => feed.frames.length >= length + 10, 0);
  };
  return { ring, feed, failures, blames, goesOn };
}

const fillUp = async (disk: string) => {
  const path = join(disk, 'others');
  await writeFile(path, Buffer.alloc(statSync(disk).blksize * 4096, 1)).catch(() => {});
  return path;
};

describe(
  'a feed whose recording cannot be written',
  { skip: withoutMounts, concurrency: 2 },
  () => {
    it('goes on without one on a disk that became full, says so, and is recorded again when there is room', async (t) => {
      const disk = smallDisk(t, 4096);
      const { ring, feed, failures, blames, goesOn } = await record(t, disk);
      await feed.frame(() => (ring.range?.end ?? 0) - (ring.range?.start ?? 0) > 1, 0);
      const others = await fillUp(disk);
      await feed.frame(() => ring.failure !== null, 0);
      assert.equal(ring.failure!.code, 'OUTPUT_NOT_WRITABLE');
      assert.match(ring.failure!.message, /is shown, but not recorded, .*: the disk is full\.$/);
      await goesOn();
      assert.equal(feed.decoder.state.name, 'live');
      const recorded = ring.range!.end;
      await assert.rejects(
        cutRing(ring, {
          start: recorded - 1,
          end: recorded,
          around: recorded - 0.5,
          output: join(disk, 'cut.mp4'),
        }),
        (error) =>
          error instanceof RoadgazeError &&
          error.code === 'OUTPUT_NOT_WRITABLE' &&
          error.message.includes('the disk is full'),
      );
      assert.deepEqual(
        readdirSync(disk).filter((name) => !name.startsWith('roadgaze-live-')),
        ['others'],
      );
      await rm(others);
      await feed.frame(() => ring.failure === null, 0);
      await feed.frame(() => ring.range!.end > recorded + 1, 0);
      const end = ring.range!.end;
      await cutRing(ring, {
        start: end - 1,
        end,
        around: end - 0.5,
        output: join(disk, 'cut.mp4'),
      });
      assert.equal(failures.at(-1), null);
      assert.deepEqual(blames(), [], 'the camera is not to blame');
    });

    it('begins without one on a disk that is full, or read-only, and is recorded later', async (t) => {
      const disk = smallDisk(t, 4096);
      remount(disk, 'ro');
      const { ring, feed, blames, goesOn } = await record(t, disk);
      assert.match(ring.failure!.message, /: it can only be read there\.$/);
      await goesOn();
      remount(disk, 'rw');
      await feed.frame(() => ring.range !== null, 0);
      assert.deepEqual(blames(), []);
    });

    it('goes on when its folder vanishes, and is recorded into a new one', async (t) => {
      const disk = smallDisk(t, 8192);
      const { ring, feed, blames, goesOn } = await record(t, disk);
      await feed.frame(() => ring.range !== null, 0);
      const gone = dirname(ring.between(0, Infinity)[0]!.path);
      await rename(gone, `${gone}-elsewhere`);
      await feed.frame(() => ring.failure !== null, 0);
      assert.match(ring.failure!.message, /: the folder is not there\.$/);
      await goesOn();
      await feed.frame(() => ring.failure === null && ring.range !== null, 0);
      assert.ok(ring.between(0, Infinity).every(({ path }) => existsSync(path)));
      assert.deepEqual(blames(), []);
    });

    it('makes room by what is too old while nothing is recorded', async (t) => {
      const ring = await SegmentRing.open({
        parent: temporaryFolder(t),
        maxBytes: 1 << 20,
        maxSeconds: 5,
      });
      t.after(() => ring.close());
      const target = ring.startConnection('mpegts', () => {})!;
      await writeFile(target.pattern.replace('%06d', '000000'), 'a');
      ring.anchor(0, 1000, null);
      ring.endSegment({ number: 0, start: 0, end: 2 });
      ring.hold([])();
      await ring.endConnection();
      assert.equal(ring.between(0, Infinity).length, 1);
      ring.reached(1010);
      ring.hold([])();
      await ring.isDiskToBlame('');
      while (ring.between(0, Infinity).length > 0)
        await new Promise((resolve) => setTimeout(resolve, 5));
    });
  },
);
