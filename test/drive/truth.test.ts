import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type GroundTruth, readGroundTruth } from '../../server/drive/truth.ts';
import { temporaryFolder } from '../support/paths.ts';

const header = { roadgazeTruth: 1, size: [16, 8], maskSize: [4, 2], seed: 7 };

function write(t: TestContext, bytes: Buffer): string {
  const path = join(temporaryFolder(t), 'drive.truth.jsonl.gz');
  writeFileSync(path, bytes);
  return path;
}

function read(t: TestContext, ...lines: readonly unknown[]): Promise<GroundTruth> {
  return readGroundTruth(
    write(
      t,
      gzipSync(
        lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
      ),
    ),
  );
}

test('run lengths start with the zeros and give the mask of each frame', async (t) => {
  const truth = await read(
    t,
    header,
    { frame: 0, pts: 0, road: [3, 2, 3], lane: [8], objects: [] },
    { frame: 1, pts: 0.04, road: [0, 1, 6, 1] },
    { frame: 2, pts: 0.08, road: [8] },
    { frame: 3, pts: 0.12, road: [0, 8] },
  );
  assert.deepEqual(
    { frame: truth.frame, mask: truth.mask, times: [...truth.times] },
    {
      frame: { width: 16, height: 8 },
      mask: { width: 4, height: 2 },
      times: [0, 0.04, 0.08, 0.12],
    },
  );
  assert.deepEqual([...truth.roadMaskAt(0)!], [0, 0, 0, 1, 1, 0, 0, 0]);
  assert.deepEqual([...truth.roadMaskAt(0.04)!], [1, 0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual([...truth.roadMaskAt(0.08)!], [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...truth.roadMaskAt(0.12)!], [1, 1, 1, 1, 1, 1, 1, 1]);
});

test("the nearest frame counts within half a frame's time, and none beyond", async (t) => {
  const truth = await read(
    t,
    header,
    { pts: 1, road: [8] },
    { pts: 1.04, road: [0, 8] },
    { pts: 1.3, road: [8] },
  );
  assert.equal(truth.roadMaskAt(1.019)?.[0], 0);
  assert.equal(truth.roadMaskAt(1.021)?.[0], 1);
  assert.equal(truth.roadMaskAt(0.981)?.[0], 0);
  assert.equal(truth.roadMaskAt(0.979), null);
  assert.equal(truth.roadMaskAt(1.1), null);
  assert.equal(truth.roadMaskAt(1.5), null);
});

test("masks are the caller's own memory", async (t) => {
  const truth = await read(t, header, { pts: 0, road: [4, 4] });
  truth.roadMaskAt(0)!.fill(9);
  assert.deepEqual([...truth.roadMaskAt(0)!], [0, 0, 0, 0, 1, 1, 1, 1]);
});

const frame = { pts: 0, road: [8] };
const faults: readonly (readonly [title: string, lines: readonly unknown[], message: RegExp])[] = [
  ['an empty file', [''], /describes no frame/],
  ['a header without frames', [header], /describes no frame/],
  [
    'another version',
    [{ ...header, roadgazeTruth: 2 }, frame],
    /line 1 has a wrong "roadgazeTruth": it must be 1/,
  ],
  [
    'a mask too large to keep',
    [{ ...header, maskSize: [16384, 16384] }, frame],
    /line 1 has a wrong "maskSize": the mask is too large/,
  ],
  [
    'a mask of no size',
    [{ ...header, maskSize: [0, 2] }, frame],
    /line 1 has a wrong "maskSize\.0": it must be more than 0/,
  ],
  ['a line that is not JSON', [header, frame, '{"pts":'], /line 3 is not JSON/],
  ['a negative run', [header, { pts: 0, road: [-1, 9] }], /line 2 has a wrong "road\.0"/],
  ['a run of a fraction', [header, { pts: 0, road: [0.5, 7.5] }], /line 2 has a wrong "road\.0"/],
  [
    'runs that cover too little',
    [header, { pts: 0, road: [3, 4] }],
    /line 2: the runs of "road" cover 7 pixels, but the mask has 4 × 2 = 8/,
  ],
  ['a pts that does not ascend', [header, frame, '', frame], /line 4: pts 0 does not come after 0/],
  ['a frame without pts', [header, { road: [8] }], /line 2 lacks "pts"/],
];

for (const [title, lines, message] of faults) {
  test(`${title} is refused with ROAD_INVALID`, async (t) =>
    assert.rejects(read(t, ...lines), { code: 'ROAD_INVALID', message }));
}

test('a file that is cut short, or not gzip, is refused', async (t) => {
  const whole = gzipSync(
    [header, ...Array.from({ length: 500 }, (_, i) => ({ pts: i, road: [i % 8, 8 - (i % 8)] }))]
      .map((line) => JSON.stringify(line))
      .join('\n'),
  );
  await assert.rejects(readGroundTruth(write(t, whole.subarray(0, whole.length / 2))), {
    code: 'ROAD_INVALID',
    message: /is not complete gzip data/,
  });
  await assert.rejects(readGroundTruth(write(t, Buffer.from('plain text'))), {
    code: 'ROAD_INVALID',
    message: /is not complete gzip data/,
  });
});

test('a line made to exhaust memory is refused before it is whole', async (t) => {
  await assert.rejects(read(t, header, `{"pts":0,"road":[${'0,'.repeat(3_000_000)}8]}`), {
    code: 'ROAD_INVALID',
    message: /line 2 is longer than/,
  });
});

test('a small file made to unpack to gigabytes is refused before it has, and the event loop goes on meanwhile', async (t) => {
  const blank = Buffer.alloc(16 << 20, '\n');
  const bomb = Buffer.concat([
    gzipSync(JSON.stringify(header)),
    ...Array.from({ length: 40 }, () => gzipSync(blank)),
  ]);
  assert.ok(bomb.length < 1_000_000);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await assert.rejects(readGroundTruth(write(t, bomb)), {
    code: 'ROAD_INVALID',
    message: 'drive.truth.jsonl.gz: it unpacks to more than 100 times its size.',
  });
  clearInterval(timer);
  assert.ok(turns > 1);
});

test('a road that stays the same for hundreds of frames packs as well as a bomb, and is read', async (t) => {
  const road = Array.from({ length: 4000 }, () => 1).concat(8192 - 4000);
  const truth = await read(
    t,
    { ...header, maskSize: [128, 64] },
    ...Array.from({ length: 400 }, (_, frame) => ({ pts: frame / 25, road })),
  );
  assert.equal(truth.times.length, 400);
  assert.equal(truth.roadMaskAt(8)?.[1], 1);
});

test('ground truth that is not there is named', async (t) => {
  await assert.rejects(readGroundTruth(join(temporaryFolder(t), 'x.truth.jsonl.gz')), {
    code: 'INPUT_NOT_FOUND',
  });
});
