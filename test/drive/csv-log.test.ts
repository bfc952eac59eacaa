import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DriveLog, type VideoSpan, readDriveLog } from '../../server/drive/recording.ts';
import { temporaryFolder } from '../support/paths.ts';

const degree = Math.PI / 180;

function write(t: TestContext, content: string | Buffer): string {
  const path = join(temporaryFolder(t), 'drive.csv');
  writeFileSync(path, content);
  return path;
}

function read(t: TestContext, content: string | Buffer, video?: VideoSpan): Promise<DriveLog> {
  return readDriveLog(write(t, content), video);
}

function assertClose(actual: Float64Array | null | undefined, expected: readonly number[]): void {
  assert.equal(actual?.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(actual[i]! - value) <= 1e-12 * Math.max(1, Math.abs(value)), `[${i}]: ${actual[i]} is not ${value}`);
}

test('units in the header are converted to seconds, radians and m/s; other numeric columns are kept as they are', async (t) => {
  const log = await read(t, 't [ms],steering [deg],speed [km/h],throttle [%],gear\n0,90,36,10,1\n40,-45,72,,2\n');
  assertClose(log.times, [0, 0.04]);
  assertClose(log.steering, [90 * degree, -45 * degree]);
  assertClose(log.speed, [10, 20]);
  assert.deepEqual(log.extra.map(({ name, unit }) => [name, unit]), [['throttle', '%'], ['gear', null]]);
  assert.deepEqual([...log.extra[0]!.values], [10, NaN]);
  assert.deepEqual(log.assumptions, ['drive.csv: positive steering is taken as left.']);
});

for (const [unit, metresPerSecond] of [['m/s', 1], ['km/h', 1 / 3.6], ['mph', 0.44704]] as const) {
  test(`speed in ${unit}`, async (t) => assertClose((await read(t, `t [s],speed [${unit}]\n0,10\n`)).speed, [10 * metresPerSecond]));
}

for (const name of ['t', 'time', 'Timestamp', 'PTS', ' time ']) {
  test(`"${name}" is a time column`, async (t) => assertClose((await read(t, `${name} [s],x\n0.5,1\n`)).times, [0.5]));
}

for (const name of ['steering', 'steering_angle', 'Steering Angle', 'angle']) {
  test(`"${name}" is a steering column`, async (t) => assertClose((await read(t, `t [s],${name} (rad)\n0,0.25\n`)).steering, [0.25]));
}

test('pts goes before the other time columns, and steering before angle; what is passed over is kept', async (t) => {
  const log = await read(t, 'timestamp [s],pts [s],angle [rad],steering [rad]\n9,1,7,0.5\n');
  assertClose(log.times, [1]);
  assertClose(log.steering, [0.5]);
  assert.deepEqual(log.extra.map(({ name }) => name), ['timestamp', 'angle']);
});

for (const [unit, ticks] of [['s', 1], ['ms', 1e3], ['us', 1e6], ['ns', 1e9]] as const) {
  test(`times without a unit at 20 Hz are told to be in ${unit}, and that is reported`, async (t) => {
    const log = await read(t, `t\n${[0, 0.05, 0.1, 0.15].map((time) => Math.round(time * ticks * 1e3) / 1e3).join('\n')}\n`);
    assertClose(log.times, [0, 0.05, 0.1, 0.15]);
    assert.deepEqual(log.assumptions, [`drive.csv: times are taken as ${unit}, because of the step from row to row.`]);
  });
}

test('steering without a unit is radians within three half turns and degrees beyond, and that is reported', async (t) => {
  const radians = await read(t, 't [s],steering\n0,-1.5\n1,3\n');
  assertClose(radians.steering, [-1.5, 3]);
  assert.ok(radians.assumptions.includes('drive.csv: steering is taken as rad, because of its range.'));
  const degrees = await read(t, 't [s],steering\n0,-1.5\n1,30\n');
  assertClose(degrees.steering, [-1.5 * degree, 30 * degree]);
  assert.ok(degrees.assumptions.includes('drive.csv: steering is taken as deg, because of its range.'));
});

test('nanoseconds since 1970 are aligned with the first frame without losing their microseconds', async (t) => {
  const log = await read(t, 'timestamp [ns],steering [rad]\n1700000000000000000,0\n1700000000050001024,1\n', { startTime: 5, duration: 60 });
  assert.ok(Math.abs(log.times[1]! - 5.050001024) < 5e-7);
  assert.equal(log.times[0], 5);
  assert.ok(log.assumptions.includes("drive.csv: its clock is not the video's, so its first row is taken to belong to the first frame."));
});

test('a clock that overlaps the video is the video\'s own, even where the log begins earlier', async (t) => {
  assertClose((await read(t, 't [s],x\n3,0\n6,0\n', { startTime: 5, duration: 60 })).times, [3, 6]);
  assertClose((await read(t, 't [s],x\n100,0\n106,0\n', { startTime: 5, duration: 60 })).times, [5, 11]);
});

test('byte order mark, CRLF, semicolons, decimal commas, quotes, blank lines and a missing last line end are read', async (t) => {
  const log = await read(t, '\ufeff"t [s]";"steering [rad]"\r\n0,5;"-0,25"\r\n\r\n1;1e-3');
  assertClose(log.times, [0.5, 1]);
  assertClose(log.steering, [-0.25, 0.001]);
});

test('tabs separate, and an old Macintosh line end ends a line', async (t) => assertClose((await read(t, 't [s]\tx\r1\t2\r2\t3\r')).times, [1, 2]));

test('of rows with the same time the last one counts, and their number is reported', async (t) => {
  const log = await read(t, 't [s],steering [rad]\n0,1\n0,2\n1,3\n1,4\n1,5\n');
  assertClose(log.times, [0, 1]);
  assertClose(log.steering, [2, 5]);
  assert.ok(log.assumptions.includes('drive.csv: 3 rows repeat the time of the row before them; the later row counts.'));
});

test('empty steering cells are gaps; a column of text is left out and named', async (t) => {
  const log = await read(t, 't [s],steering [rad],image\n0,,a.jpg\n1,NaN,b.jpg\n2,0.5,c.jpg\n');
  assert.deepEqual([...log.steering!], [NaN, NaN, 0.5]);
  assert.deepEqual(log.extra, []);
  assert.ok(log.assumptions.includes('drive.csv: column "image" is not numeric and is left out.'));
});

test('more rows than the first buffer holds', async (t) => {
  const rows = Array.from({ length: 5000 }, (_, i) => `${i / 100},${i}`);
  const log = await read(t, `t [s],x\n${rows.join('\n')}\n`);
  assert.equal(log.times.length, 5000);
  assert.equal(log.times[4999], 49.99);
  assert.equal(log.extra[0]?.values[4999], 4999);
});

const faults: readonly (readonly [title: string, content: string | Buffer, message: RegExp])[] = [
  ['an empty file', '', /^drive\.csv is empty\.$/],
  ['blank lines only', '\n\r\n', /^drive\.csv is empty\.$/],
  ['a header without rows', 't [s],x\n', /has a header, but no rows/],
  ['no time column', 'frame,steering\n0,1\n', /^drive\.csv has no time column; its columns are "frame", "steering"\.$/],
  ['a unit that is none of time', 't [h],x\n0,1\n', /column "t \[h\]" has the unit "h"/],
  ['a unit that is none of steering', 't [s],steering [kg]\n0,1\n', /column "steering \[kg\]" has the unit "kg"/],
  ['a unit of a built-in name', 't [constructor],x\n0,1\n', /has the unit "constructor"/],
  ['a unit that is none of speed', 't [s],speed [m]\n0,1\n', /column "speed \[m\]" has the unit "m"/],
  ['text in the steering column', 't [s],steering [rad]\n0,1\n1,left\n', /^drive\.csv, line 3: column "steering \[rad\]" has "left", which is not a number\.$/],
  ['a number beyond float64', 't [s],speed [m/s]\n0,1e400\n', /line 2: column "speed \[m\/s\]" has "1e400"/],
  ['text in the time column', 't [s],x\n0,1\nnoon,1\n', /line 3: column "t \[s\]" has "noon"/],
  ['an empty time', 't [s],x\n,1\n', /line 2: column "t \[s\]" is empty/],
  ['time that goes back', 't [s],x\n0,1\n\n2,1\n1,1\n', /^drive\.csv, line 5: the time goes back from 2 to 1\.$/],
  ['a row with a cell too few', 't [s],x\n0,1\n1\n', /line 3, has 1 cells, but the header has 2/],
  ['a quote that is not closed', 't [s],x\n0,"1\n', /a double quote is not closed/],
  ['a row longer than a megabyte', `t [s],x\n0,${'1'.repeat(1_100_000)}\n`, /a row is longer than a megabyte/],
  ['a picture named .csv', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 10, 1, 2, 10, 3]), /has no time column/],
];

for (const [title, content, message] of faults) {
  test(`${title} is refused with LOG_INVALID`, async (t) => assert.rejects(read(t, content), { code: 'LOG_INVALID', message }));
}

test('a log that is not there is named', async (t) => {
  await assert.rejects(readDriveLog(join(temporaryFolder(t), 'drive.csv')), { code: 'INPUT_NOT_FOUND', message: /There is no drive log .*drive\.csv/ });
});

test('a folder named like a log is refused', async (t) => assert.rejects(readDriveLog(temporaryFolder(t)), { code: 'LOG_INVALID', message: /is a folder/ }));
