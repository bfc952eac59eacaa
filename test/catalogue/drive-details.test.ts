import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DetailsReader } from '../../server/catalogue/details/drive-details.ts';
import { drivesAt } from '../../server/drive/drives-at.ts';
import { READERS } from '../../server/drive/readers/index.ts';
import { writePictures } from '../drive/support/picture-folders.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

test('a recording is opened once for all who come, and anew when something of it changes', async (t) => {
  const base = temporaryFolder(t);
  const folder = join(base, 'shots');
  await writePictures(folder, ['0.jpg', '1.jpg', '2.jpg']);
  let opened = 0;
  const readers = READERS.map((reader) => ({
    ...reader,
    open: (...request: Parameters<typeof reader.open>) => {
      opened++;
      return reader.open(...request);
    },
  }));
  const summaries = new DetailsReader();
  const told = async () => {
    const before = opened;
    const [summary] = await summaries.summaries(await drivesAt(folder, readers));
    const { durationSeconds, hasLog, error } = summary!;
    return [opened - before, durationSeconds, hasLog, error?.code ?? null];
  };
  assert.deepEqual(await told(), [1, 0, false, 'VIDEO_RATE_UNKNOWN']);
  assert.deepEqual(await told(), [0, 0, false, 'VIDEO_RATE_UNKNOWN']);
  writeFileSync(join(base, 'shots.log.json'), '{"roadgazeLog":1,"fps":2}');
  assert.deepEqual(await told(), [1, 1.5, false, null]);
  assert.deepEqual(await told(), [0, 1.5, false, null]);
  writeFileSync(join(folder, 'log.csv'), 't,steering [rad]\n0,0\n1,0\n2,0\n');
  assert.deepEqual(await told(), [1, 1.5, true, null]);
  writeFileSync(join(folder, 'log.csv'), 't,steering [rad]\n0,0\n4,0\n88,0\n');
  rmSync(join(base, 'shots.log.json'));
  assert.deepEqual((await told())[0], 1);
  assert.deepEqual((await told())[0], 0);
});

test('recordings are told of in their order, those that cannot be opened with the reason', async (t) => {
  const folder = temporaryFolder(t);
  for (let i = 0; i < 6; i++) await makeNumberedClip(join(folder, `${i}.mp4`), { frames: 3 + i });
  writeFileSync(join(folder, '3.mp4'), 'x');
  const told = await new DetailsReader().summaries(await drivesAt(folder));
  assert.deepEqual(
    told.map(({ id, durationSeconds, error }) => [
      id,
      Math.round(durationSeconds * 30),
      error?.code,
    ]),
    [3, 4, 5, 0, 7, 8].map((frames, i) => [
      `${i}.mp4`,
      frames,
      i === 3 ? 'VIDEO_UNREADABLE' : undefined,
    ]),
  );
});
