import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDriveLog } from '../../../server/drive/log/csv-log.ts';
import type { DriveLog } from '../../../server/drive/log/drive-log.ts';
import { sharedFolder } from '../../support/paths.ts';

const video = { startTime: 0, duration: 3, averageFrameRate: 20 };
const degree = Math.PI / 180;

const read = (name: string) => readDriveLog(join(sharedFolder!, 'real/trouble/log', name), video);

/**
 * Sixty rows, 0.05 s apart, of the same drive: its steering in radians where it is in any, to the
 * left.
 */
const logs: readonly (readonly [name: string, check: (log: DriveLog) => void])[] = [
  ['challenge2.csv', ({ steering }) => assert.ok(Math.abs(steering![1]! - 0.009983342) < 1e-12)],
  [
    'comment.csv',
    ({ steering, question }) => assert.deepEqual([steering, question !== null], [null, true]),
  ],
  ['date.csv', ({ steering }) => assert.equal(steering![1], 0.01)],
  ['donkey.csv', ({ normalized }) => assert.equal(normalized![1], -0.01)],
  [
    'dup.csv',
    ({ extra }) =>
      assert.ok(
        ['steering', 'steering (2)', 'speed (2)'].every((name) =>
          extra.some((column) => column.name === name),
        ),
      ),
  ],
  ['hhmmss.csv', ({ question }) => assert.ok(question)],
  ['sully.csv', ({ steering }) => assert.ok(Math.abs(steering![1]! + 5.720033 * degree) < 1e-12)],
  [
    'udacity.csv',
    ({ normalized, speed }) =>
      assert.deepEqual([normalized![1], speed![1]], [-0.00998334, 9.5e-5 * 0.44704]),
  ],
  ['udacity-header.csv', ({ normalized }) => assert.equal(normalized![1], -0.00998334)],
  [
    'udacity-german.csv',
    ({ normalized, steering }) =>
      assert.deepEqual(
        [normalized![1], Math.abs(steering![1]! + 0.00998334 * 25 * degree) < 1e-12],
        [-0.00998334, true],
      ),
  ],
  [
    'unit1.csv',
    ({ normalized, steering }) => assert.deepEqual([normalized![1], steering], [0.01, null]),
  ],
];

for (const [name, check] of logs) {
  test(
    `${name} is read at its own pace`,
    { skip: sharedFolder ? false : '../shared is not here' },
    async () => {
      const log = await read(name);
      assert.equal(log.times.length, 60);
      // One row of challenge2.csv is a nanosecond early.
      assert.ok(log.times.every((time, row) => Math.abs(time - row * 0.05) < 1.5e-9));
      check(log);
    },
  );
}

test(
  'backstep.csv is refused with the line',
  { skip: sharedFolder ? false : '../shared is not here' },
  async () => {
    await assert.rejects(read('backstep.csv'), {
      code: 'LOG_INVALID',
      message: 'backstep.csv, line 32: the time goes back from 1.45 to 1.3.',
    });
  },
);
