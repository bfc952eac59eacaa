import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readDriveLog } from '../../../server/drive/log/csv-log.ts';
import type { DriveLog, VideoSpan } from '../../../server/drive/log/drive-log.ts';
import { parse } from 'csv-parse/sync';
import { lineEndOf, readCsvRows } from '../../../server/drive/log/csv-rows.ts';
import { splitLines } from '../../../server/drive/log/split-lines.ts';
import { TextColumn } from '../../../server/drive/log/text-column.ts';
import { temporaryFolder } from '../../support/paths.ts';

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
  for (const [i, value] of expected.entries())
    assert.ok(
      Math.abs(actual[i]! - value) <= 1e-12 * Math.max(1, Math.abs(value)),
      `[${i}]: ${actual[i]} is not ${value}`,
    );
}

test('units in the header are converted to seconds, radians and m/s; other numeric columns are kept as they are', async (t) => {
  const log = await read(
    t,
    't [ms],steering [deg],speed [km/h],throttle [%],gear\n0,90,36,10,1\n40,-45,72,,2\n',
  );
  assertClose(log.times, [0, 0.04]);
  assertClose(log.steering, [90 * degree, -45 * degree]);
  assertClose(log.speed, [10, 20]);
  assert.deepEqual(
    log.extra.map(({ name, unit }) => [name, unit]),
    [
      ['throttle', '%'],
      ['gear', null],
    ],
  );
  assert.deepEqual([...log.extra[0]!.values], [10, NaN]);
  assert.deepEqual(log.assumptions, ['drive.csv: positive steering is taken as left.']);
});

for (const [unit, metresPerSecond] of [
  ['m/s', 1],
  ['km/h', 1 / 3.6],
  ['mph', 0.44704],
] as const) {
  test(`speed in ${unit}`, async (t) =>
    assertClose((await read(t, `t [s],speed [${unit}]\n0,10\n`)).speed, [10 * metresPerSecond]));
}

for (const name of ['t', 'time', 'Timestamp', 'PTS', ' time ']) {
  test(`"${name}" is a time column`, async (t) =>
    assertClose((await read(t, `${name} [s],x\n0.5,1\n`)).times, [0.5]));
}

for (const name of ['steering', 'steering_angle', 'Steering Angle', 'angle']) {
  test(`"${name}" is a steering column`, async (t) =>
    assertClose((await read(t, `t [s],${name} (rad)\n0,0.25\n`)).steering, [0.25]));
}

test('pts goes before the other time columns, and steering before angle; what is passed over is kept', async (t) => {
  const log = await read(t, 'timestamp [s],pts [s],angle [rad],steering [rad]\n9,1,7,0.5\n');
  assertClose(log.times, [1]);
  assertClose(log.steering, [0.5]);
  assert.deepEqual(
    log.extra.map(({ name }) => name),
    ['timestamp', 'angle'],
  );
});

for (const [unit, ticks] of [
  ['s', 1],
  ['ms', 1e3],
  ['us', 1e6],
  ['ns', 1e9],
] as const) {
  test(`times without a unit at 20 Hz are told to be in ${unit}, and that is reported`, async (t) => {
    const log = await read(
      t,
      `t\n${[0, 0.05, 0.1, 0.15].map((time) => Math.round(time * ticks * 1e3) / 1e3).join('\n')}\n`,
    );
    assertClose(log.times, [0, 0.05, 0.1, 0.15]);
    assert.deepEqual(log.assumptions, [
      `drive.csv: times are taken as ${unit}, because of the step from row to row.`,
    ]);
  });
}

for (const [title, cells] of [
  ['small', ['-0.1', '0.09']],
  ['of a few degrees', ['-4.6', '2.5']],
  ['of a turn and a half', ['-9', '8']],
  ['zero', ['0', '0']],
] as const) {
  test(`steering without a unit whose values are ${title} is asked for, and kept as it is`, async (t) => {
    const log = await read(t, `t [s],steering\n0,${cells[0]}\n1,${cells[1]}\n`);
    assert.equal(log.steering, null);
    assert.equal(log.normalized, null);
    assert.match(
      log.question ?? '',
      /^drive\.csv does not say the unit of "steering" .* --log-unit rad, deg or normalized/,
    );
    assert.ok(log.assumptions.includes(log.question!));
    assert.deepEqual(
      log.extra.map(({ name, values }) => [name, [...values]]),
      [['steering', cells.map(Number)]],
    );
  });
}

test('steering without a unit that no wheel reaches in radians is degrees, and that is reported', async (t) => {
  const log = await read(t, 't [s],steering\n0,-1.5\n1,30\n');
  assertClose(log.steering, [-1.5 * degree, 30 * degree]);
  assert.ok(
    log.assumptions.includes(
      'drive.csv: steering is taken as deg, because no wheel turns so far in radians.',
    ),
  );
});

test('a unit that a person gives counts, also over the header, and is reported', async (t) => {
  const path = write(t, 't [s],steering\n0,-1.5\n1,0.5\n');
  assertClose((await readDriveLog(path, undefined, { unit: 'deg' })).steering, [
    -1.5 * degree,
    0.5 * degree,
  ]);
  assertClose(
    (await readDriveLog(path, undefined, { unit: 'rad', positive: 'right' })).steering,
    [1.5, -0.5],
  );
  assertClose(
    (await readDriveLog(path, undefined, { unit: 'normalized' })).normalized,
    [-1.5, 0.5],
  );
  const written = await readDriveLog(write(t, 't [s],steering [rad]\n0,1\n'), undefined, {
    unit: 'deg',
  });
  assertClose(written.steering, [degree]);
  assert.ok(
    written.assumptions.includes(
      'drive.csv: steering is taken as deg, as asked for, although it is written in rad.',
    ),
  );
});

test('steering [1] is a share of full lock, and no angle', async (t) => {
  const log = await read(t, 't [s],steering [1]\n0,-0.5\n');
  assertClose(log.normalized, [-0.5]);
  assert.equal(log.steering, null);
  assert.equal(log.question, null);
});

test('units may end the name of a column', async (t) => {
  const log = await read(t, 'timestamp_ms,steering_deg,speed_kmh\n0,90,36\n50,0,36\n');
  assertClose(log.times, [0, 0.05]);
  assertClose(log.steering, [90 * degree, 0]);
  assertClose(log.speed, [10, 10]);
});

const minute: VideoSpan = { startTime: 5, duration: 60, averageFrameRate: 20 };
const shifted =
  "drive.csv: its clock is not the video's, so its first row is taken to belong to the first frame.";

for (const [unit, ticks] of [
  ['s', ['1479425441.182877835', '1479425441.184112402']],
  ['ms', ['1479425441182.877835', '1479425441184.112402']],
  ['us', ['1479425441182877.835', '1479425441184112.402']],
  ['ns', ['1479425441182877835', '1479425441184112402']],
] as const) {
  test(`a date in ${unit} is told by its size, however close the rows are, and no nanosecond is lost`, async (t) => {
    const log = await read(t, `timestamp,steering [rad]\n${ticks[0]},0\n${ticks[1]},1\n`, minute);
    assert.ok(
      Math.abs(log.times[1]! - log.times[0]! - 0.001234567) < 1e-12,
      String(log.times[1]! - log.times[0]!),
    );
    assert.equal(log.times[0], 5);
    assert.ok(
      log.assumptions.includes(`drive.csv: times are taken as ${unit}, because of their size.`),
    );
    assert.ok(log.assumptions.includes(shifted));
  });
}

test('other times without a unit last about as long as the video', async (t) => {
  const rows = Array.from(
    { length: 100 },
    (_, row) => `${Math.floor(row / 2) * 1200 + (row % 2)}`,
  ).join('\n');
  const log = await read(t, `t\n${rows}\n`, { startTime: 0, duration: 60 });
  assert.ok(Math.abs(log.times.at(-1)! - 58.801) < 1e-9);
  assert.ok(
    log.assumptions.includes("drive.csv: times are taken as ms, because of the video's length."),
  );
});

for (const [title, cells] of [
  ['a date', ['2018-05-01 12:34:56.789', '2018-05-01 12:34:56.839']],
  ['a date as ISO writes it', ['2018-05-01T12:34:56.789Z', '2018-05-01T12:34:56.839Z']],
  [
    'a date with a colon before its milliseconds',
    ['2018-07-01 17:09:44:000', '2018-07-01 17:09:44:050'],
  ],
  ['a German date', ['"01.05.2018 12:34:56,789"', '"01.05.2018 12:34:56,839"']],
  ['an American date', ['5/1/2018 11:59:59.99 PM', '5/2/2018 12:00:00.04 AM']],
  ['a time of day', ['12:34:56.789', '12:34:56.839']],
  ['a time of day before and after midnight', ['23:59:59.980', '00:00:00.030']],
  ['minutes and seconds', ['34:56.7', '34:56.75']],
] as const) {
  test(`${title} is a time, the first one on the first frame`, async (t) => {
    const log = await read(t, `time,x\n${cells[0]},1\n${cells[1]},2\n`, minute);
    assert.equal(log.times[0], 5);
    assert.ok(Math.abs(log.times[1]! - 5.05) < 1e-9);
    assert.ok(log.assumptions.includes(shifted));
  });
}

test('an offset moves the times, and is reported', async (t) => {
  const log = await readDriveLog(write(t, 'time,x\n12:00:00,1\n12:00:01,2\n'), minute, {
    offset: -0.25,
  });
  assertClose(log.times, [4.75, 5.75]);
  assert.ok(log.assumptions.includes('drive.csv: its times are moved by -0.25 s, as asked for.'));
});

test('times of two forms are refused with the line', async (t) => {
  await assert.rejects(read(t, 'time,x\n12:00:00,1\nnoon,2\n'), {
    code: 'LOG_INVALID',
    message: /line 3: column "time" has "noon", which is not a time of day as above it/,
  });
});

test('of columns of one name the first is taken, which is told, and the other one can be chosen', async (t) => {
  const path = write(
    t,
    't [s],steering [rad],speed [m/s],steering [rad],speed [m/s]\n0,1,10,-1,20\n',
  );
  const log = await readDriveLog(path);
  assertClose(log.steering, [1]);
  assertClose(log.speed, [10]);
  assert.deepEqual(
    log.extra.map(({ name, values }) => [name, [...values]]),
    [
      ['steering (2)', [-1]],
      ['speed (2)', [20]],
    ],
  );
  assert.ok(
    log.assumptions.includes(
      'drive.csv: there are 2 columns "steering"; the first is taken, and "steering (2)" kept. --log-column chooses another.',
    ),
  );
  assertClose((await readDriveLog(path, undefined, { column: 'steering (2)' })).steering, [-1]);
  await assert.rejects(readDriveLog(path, undefined, { column: 'wheel' }), {
    code: 'LOG_INVALID',
    message: /has no column "wheel"; its columns are "t", "steering", "speed", "steering \(2\)"/,
  });
});

test('lines that begin with # are comments; where there is no other header, the last of them above the rows is', async (t) => {
  assertClose(
    (await read(t, '# car 7, "x\n# 20 Hz\nt [s],steering [rad]\n0,1\n# pause\n1,2\n')).steering,
    [1, 2],
  );
  assertClose((await read(t, '# car 7\n# t [s],steering [rad]\n0,1\n1,2\n')).steering, [1, 2]);
});

test('UTF-16, a line that names the separator, and the degree sign of Windows are read', async (t) => {
  assertClose(
    (await read(t, Buffer.from('\ufefft [s]\tsteering [°]\r\n0\t90\r\n', 'utf16le'))).steering,
    [90 * degree],
  );
  assertClose(
    (await read(t, Buffer.from('\ufefft [s];steering [°]\n0;90\n', 'utf16le').swap16())).steering,
    [90 * degree],
  );
  assertClose((await read(t, 'sep=;\nt [s];steering [rad]\n0;0,5\n')).steering, [0.5]);
  assertClose((await read(t, Buffer.from('t [s],steering [°]\n0,90\n', 'latin1'))).steering, [
    90 * degree,
  ]);
});

const cameras = (names: readonly string[]) =>
  `timestamp,frame_id,steering [rad]\n${Array.from({ length: 6 }, (_, row) => `${1479425441182877835n + BigInt(row) * 25_000_000n},${names[row % 2]},${row}`).join('\n')}\n`;

test('rows of several cameras are told apart, never merged', async (t) => {
  const path = write(t, cameras(['left_camera', 'center_camera']));
  const log = await readDriveLog(path, minute);
  assertClose(log.steering, [1, 3, 5]);
  assertClose(log.times, [5, 5.05, 5.1]);
  assert.ok(
    log.assumptions.some((sentence) =>
      sentence.includes(
        'rows of several cameras, "left_camera", "center_camera"; those of "center_camera" are taken',
      ),
    ),
  );
  assertClose((await readDriveLog(path, minute, { camera: 'left_camera' })).steering, [0, 2, 4]);
  await assert.rejects(readDriveLog(path, minute, { camera: 'rear' }), {
    code: 'LOG_INVALID',
    message: /has no camera "rear"/,
  });
});

test('pictures in a folder for each camera tell cameras apart, in a folder for each stretch of the drive they do not', async (t) => {
  const rows = (folderOf: (row: number) => string) =>
    `t [s],filename,steering [rad]\n${Array.from({ length: 12 }, (_, row) => `${row / 10},${folderOf(row)}/${row}.png,${row}`).join('\n')}\n`;
  assertClose(
    (
      await read(
        t,
        rows((row) => ['left', 'center'][row % 2]!),
      )
    ).steering,
    [1, 3, 5, 7, 9, 11],
  );
  assert.equal(
    (
      await read(
        t,
        rows((row) => (row < 6 ? 'first' : 'second')),
      )
    ).steering?.length,
    12,
  );
});

test('where no camera is the one in the middle, it is asked for', async (t) => {
  await assert.rejects(read(t, cameras(['left', 'right'])), {
    code: 'LOG_INVALID',
    message: 'drive.csv has rows of several cameras: "left", "right".',
    hint: /--log-camera/,
  });
});

const udacity = (row: number, separator: string, number: (value: number) => string) =>
  [
    ...['center', 'left', 'right'].map(
      (camera) => `C:\\a b\\IMG\\${camera}_2017_05_19_10_11_12_${300 + 50 * row}.jpg`,
    ),
    number(0.5),
    number(0),
    number(0),
    number(10),
  ].join(`${separator} `);

for (const [title, content] of [
  ['without a header', [0, 1].map((row) => udacity(row, ',', String)).join('\n')],
  [
    'with one',
    `center,left,right,steering,throttle,brake,speed\n${[0, 1].map((row) => udacity(row, ',', String)).join('\n')}`,
  ],
  [
    'in German',
    `center;left;right;steering;throttle;brake;speed\n${[0, 1].map((row) => udacity(row, ';', (value) => String(value).replace('.', ','))).join('\n')}`,
  ],
  [
    'in German without a header',
    [0, 1].map((row) => udacity(row, ';', (value) => String(value).replace('.', ','))).join('\n'),
  ],
] as const) {
  test(`a log of the Udacity simulator ${title} has that tool's units, side, and times in the names of pictures`, async (t) => {
    const log = await read(t, content, minute);
    assertClose(log.times, [5, 5.05]);
    assertClose(log.normalized, [-0.5, -0.5]);
    assertClose(log.steering, [-12.5 * degree, -12.5 * degree]);
    assertClose(log.speed, [4.4704, 4.4704]);
    assert.ok(
      log.assumptions.includes(
        'drive.csv: its columns are those of the Udacity simulator, and are read as that writes them: steering from -1 to 1, positive to the right.',
      ),
    );
  });
}

test('a log of Donkeycar has normalised steering to the right, in milliseconds', async (t) => {
  const log = await read(
    t,
    '_index,_timestamp_ms,user/angle,user/throttle,user/mode\n0,1602421393803,0.25,.5,user\n1,1602421393853,-0.5,.5,user\n',
    minute,
  );
  assertClose(log.times, [5, 5.05]);
  assertClose(log.normalized, [-0.25, 0.5]);
  assert.equal(log.steering, null);
});

test('a log of the SullyChen data set has degrees to the right, by its dates or else by row and rate', async (t) => {
  const dated = await read(
    t,
    '0.jpg 0.0,2018-07-01 17:09:44:000\n1.jpg 90.0,2018-07-01 17:09:44:050\n',
    minute,
  );
  assertClose(dated.times, [5, 5.05]);
  assertClose(dated.steering, [0, -90 * degree]);
  const bare = await read(t, '0.jpg 0.0\n1.jpg 90.0\n', { ...minute, averageFrameRate: 10 });
  assertClose(bare.times, [5, 5.1]);
  assert.ok(
    bare.assumptions.some((sentence) =>
      sentence.includes("follow one another like the video's frames, 10 a second"),
    ),
  );
  await assert.rejects(read(t, '0.jpg 0.0\n1.jpg 90.0\n', { startTime: 0, duration: 1 }), {
    code: 'LOG_INVALID',
    message: /has no times/,
  });
});

test('times that a spreadsheet has rounded are refused', async (t) => {
  await assert.rejects(read(t, `timestamp,x\n${'1.47943E+18,1\n'.repeat(40)}`), {
    code: 'LOG_INVALID',
    message: /39 of 40 rows have the time of the row before them/,
  });
});

test('nanoseconds since 1970 are aligned with the first frame without losing their microseconds', async (t) => {
  const log = await read(
    t,
    'timestamp [ns],steering [rad]\n1700000000000000000,0\n1700000000050001024,1\n',
    { startTime: 5, duration: 60 },
  );
  assert.ok(Math.abs(log.times[1]! - 5.050001024) < 5e-7);
  assert.equal(log.times[0], 5);
  assert.ok(
    log.assumptions.includes(
      "drive.csv: its clock is not the video's, so its first row is taken to belong to the first frame.",
    ),
  );
});

test("a clock that overlaps the video is the video's own, even where the log begins earlier", async (t) => {
  assertClose((await read(t, 't [s],x\n3,0\n6,0\n', { startTime: 5, duration: 60 })).times, [3, 6]);
  assertClose(
    (await read(t, 't [s],x\n100,0\n106,0\n', { startTime: 5, duration: 60 })).times,
    [5, 11],
  );
});

test('byte order mark, CRLF, semicolons, decimal commas, quotes, blank lines and a missing last line end are read', async (t) => {
  const log = await read(t, '\ufeff"t [s]";"steering [rad]"\r\n0,5;"-0,25"\r\n\r\n1;1e-3');
  assertClose(log.times, [0.5, 1]);
  assertClose(log.steering, [-0.25, 0.001]);
});

test('tabs separate, and an old Macintosh line end ends a line', async (t) =>
  assertClose((await read(t, 't [s]\tx\r1\t2\r2\t3\r')).times, [1, 2]));

test('of rows with the same time the last one counts, and their number is reported', async (t) => {
  const log = await read(t, 't [s],steering [rad]\n0,1\n0,2\n1,3\n1,4\n1,5\n');
  assertClose(log.times, [0, 1]);
  assertClose(log.steering, [2, 5]);
  assert.ok(
    log.assumptions.includes(
      'drive.csv: 3 rows repeat the time of the row before them; the later row counts.',
    ),
  );
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
  [
    'numbers without a header',
    '0,1\n1,2\n',
    /^drive\.csv has no header: its first line is 0, 1\.$/,
  ],
  [
    'no time column',
    'frame,steering\n0,1\n',
    /^drive\.csv has no time column; its columns are "frame", "steering"\.$/,
  ],
  ['a unit that is none of time', 't [h],x\n0,1\n', /column "t \[h\]" has the unit "h"/],
  [
    'a unit that is none of steering',
    't [s],steering [kg]\n0,1\n',
    /column "steering \[kg\]" has the unit "kg"/,
  ],
  ['a unit of a built-in name', 't [constructor],x\n0,1\n', /has the unit "constructor"/],
  [
    'a unit that is none of speed',
    't [s],speed [m]\n0,1\n',
    /column "speed \[m\]" has the unit "m"/,
  ],
  [
    'text in the steering column',
    't [s],steering [rad]\n0,1\n1,left\n',
    /^drive\.csv, line 3: column "steering \[rad\]" has "left", which is not a number\.$/,
  ],
  [
    'a number beyond float64',
    't [s],speed [m/s]\n0,1e400\n',
    /line 2: column "speed \[m\/s\]" has "1e400"/,
  ],
  ['text in the time column', 't [s],x\n0,1\nnoon,1\n', /line 3: column "t \[s\]" has "noon"/],
  ['an empty time', 't [s],x\n,1\n', /line 2: column "t \[s\]" is empty/],
  [
    'time that goes back',
    't [s],x\n0,1\n\n2,1\n1,1\n',
    /^drive\.csv, line 5: the time goes back from 2 to 1\.$/,
  ],
  [
    'a date that goes back',
    'time,x\n2018-05-01 12:00:01,1\n2018-05-01 12:00:00.5,1\n',
    /line 3: the time goes back by 0\.5 s/,
  ],
  ['a row with a cell too few', 't [s],x\n0,1\n1\n', /line 3, has 1 cells, but the header has 2/],
  ['a quote that is not closed', 't [s],x\n0,"1\n', /a double quote is not closed/],
  [
    'a row longer than a megabyte',
    `t [s],x\n0,${'1'.repeat(1_100_000)}\n`,
    /a row is longer than a megabyte/,
  ],
  [
    'a picture named .csv',
    Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 10, 1, 2, 10, 3]),
    /has no time column/,
  ],
];

for (const [title, content, message] of faults) {
  test(`${title} is refused with LOG_INVALID`, async (t) =>
    assert.rejects(read(t, content), { code: 'LOG_INVALID', message }));
}

test('a log that is not there is named', async (t) => {
  await assert.rejects(readDriveLog(join(temporaryFolder(t), 'drive.csv')), {
    code: 'INPUT_NOT_FOUND',
    message: /There is no drive log .*drive\.csv/,
  });
});

test('a folder named like a log is refused', async (t) =>
  assert.rejects(readDriveLog(temporaryFolder(t)), {
    code: 'LOG_INVALID',
    message: /is a folder/,
  }));

test('of several columns that could be the steering one is taken and told why, and all are candidates', async (t) => {
  const log = await read(
    t,
    't [s],steering_cmd [deg],steering_wheel_angle_deg,steering_rate,tyre_steer [rad]\n0,9,90,1,0.1\n',
  );
  assertClose(log.steering, [90 * degree]);
  assert.equal(log.angleOf, 'wheel');
  assert.deepEqual(
    log.candidates!.map(({ name, kind, unit, isCommand }) => [name, kind, unit, isCommand]),
    [
      ['steering_wheel_angle_deg', 'wheel', 'deg', false],
      ['tyre_steer', 'tyre', 'rad', false],
      ['steering_cmd', 'angle', 'deg', true],
    ],
  );
  assert.deepEqual([log.taken!.name, ...log.taken!.values], ['steering_wheel_angle_deg', 90]);
  assert.deepEqual(log.assumptions, [
    'drive.csv: steering is "steering_wheel_angle_deg", because its name speaks of steering; "tyre_steer", "steering_cmd" could be it too, and --log-column chooses another.',
    'drive.csv: positive steering is taken as left.',
  ]);
});

test('a person says which column it is, whose angle, and the ratio', async (t) => {
  const path = write(t, 't [s],steering [deg],kappa [1/m],steering_mode\n0,90,0.5,auto\n');
  const said = await readDriveLog(path, undefined, { angleOf: 'tyre', ratio: 15 });
  assert.deepEqual([said.angleOf, said.ratio], ['tyre', { value: 15, from: 'as asked for' }]);
  assert.match(said.assumptions.join(), /the angle of the front tyres, as asked for\./);
  const bent = await readDriveLog(path, undefined, { column: 'kappa', positive: 'right' });
  assert.deepEqual([bent.steering, bent.taken!.kind, bent.taken!.unit], [null, 'curvature', '1/m']);
  const curvature = bent.extra.find(({ name }) => name === 'curvature')!;
  assert.deepEqual([...curvature.values], [-0.5]);
});

test('a column of text that speaks of steering is none', async (t) => {
  const log = await read(t, 't [s],steer_source,x\n0,driver,1\n');
  assert.deepEqual([log.steering, log.taken, log.candidates], [null, null, []]);
});

test('lines are cut where they end, whatever the pieces, with their numbers, and no longer than allowed', async () => {
  const text = 'first\n\n  \nsecönd\r\nthird';
  const bytes = Buffer.from(text);
  const read = async (size: number, longestLine: number, mostBytes: number) => {
    const lines: [number, string][] = [];
    async function* pieces(): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    await splitLines(pieces(), { longestLine, mostBytes }, (line, number) =>
      lines.push([number, line]),
    );
    return lines;
  };
  // The longest line has seven characters with its carriage return.
  for (const size of [1, 2, 5, 100])
    assert.deepEqual(await read(size, 7, bytes.length), [
      [1, 'first'],
      [4, 'secönd\r'],
      [5, 'third'],
    ]);
  for (const size of [1, 100]) {
    await assert.rejects(read(size, 6, 100), /line 4 is longer than 6 characters/);
    await assert.rejects(
      read(size, 7, bytes.length - 1),
      new RegExp(`more than ${bytes.length - 1} bytes`),
    );
  }
});

test('rows are those of csv-parse, whatever the pieces, the spaces, the comments and the line ends', async () => {
  let seed = 7;
  const draw = (count: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % count;
  };
  const cells = ['', ' ', '1', ' 2.5 ', 'a b', '#', '# c', 'é', '"x;y"', '"q""r" ', 'd#e', '\t3'];
  let quoted = 0;
  for (let round = 0; round < 400; round++) {
    const lineEnd = ['\n', '\r\n', '\r'][draw(3)]!;
    const kinds = round % 2 === 0 ? cells.filter((cell) => !cell.includes('"')) : cells;
    const lines = Array.from({ length: 1 + draw(6) }, () =>
      Array.from({ length: draw(4) }, () => kinds[draw(kinds.length)]!).join(';'),
    );
    const text = `first;line${lineEnd}${lines.join(lineEnd)}${draw(2) ? lineEnd : ''}`;
    const pieces = async function* () {
      for (let at = 0; at < text.length;) {
        const end = at + 1 + draw(9);
        yield text.slice(at, end);
        at = end;
      }
    };
    const expected = parse(text, {
      delimiter: ';',
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      comment: '#',
      comment_no_infix: true,
    });
    const found: string[][] = [];
    const form = { file: 'x.csv', separator: ';', lineEnd: lineEndOf(text), skipped: 0 };
    await readCsvRows(pieces(), form, (row) => found.push(row));
    assert.deepEqual(found, expected, JSON.stringify(text));
    if (text.includes('"')) quoted++;
  }
  assert.ok(quoted > 50 && quoted < 250);
});

test('lines are counted through comments, empty ones and quotes; an open quote is told with its line', async () => {
  const found: [string, number][] = [];
  const form = { file: 'x.csv', separator: ',', lineEnd: '\n', skipped: 1 } as const;
  const read = (text: string) =>
    readCsvRows(
      (async function* () {
        yield text;
      })(),
      form,
      ([first], line) => found.push([first!, line]),
    );
  await read('sep=,\n# c\n\na,1\nb,2\n"c",3\n\nd,4\n"e\ne",5\nf,6');
  assert.deepEqual(found, [
    ['a', 4],
    ['b', 5],
    ['c', 6],
    ['d', 8],
    ['e\ne', 10],
    ['f', 11],
  ]);
  await assert.rejects(read('x\na,1\nb"c,2\n'), {
    code: 'LOG_INVALID',
    message: 'x.csv, line 3: a double quote is not closed, or stands inside a cell.',
  });
  await assert.rejects(read(`x\na,1\n${'b'.repeat(1_000_001)}`), {
    message: 'x.csv, line 3: a row is longer than a megabyte.',
  });
});

test('texts of rows are kept in their order, through blocks, and found in any', () => {
  const column = new TextColumn();
  const texts = Array.from({ length: 300 }, (_, i) => (i % 5 === 0 ? '' : `picture ${i}.jpg`));
  texts[7] = 'a\nb';
  for (const text of texts) column.push(text);
  texts[7] = 'a b';
  assert.deepEqual([column.length, column.filled], [300, 240]);
  const order = texts.map((_, i) => (i * 131) % 300);
  assert.deepEqual(
    order.map((row) => column.at(row)),
    order.map((row) => texts[row]),
  );
  assert.equal(column.at(300), undefined);
});
