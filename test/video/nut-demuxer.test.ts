import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { NutDemuxer, type NutPacket } from '../../server/video/nut-demuxer.ts';
import { nutFrameHead, nutHead, nutResizedFrameHead } from '../../server/video/nut-muxer.ts';
import { findTools } from '../../server/video/tools.ts';

/**
 * Grey, 2×1 pixels, time base 1/25, as ffmpeg 5.1 writes it: frames [01 02] at 3, [03 04] at 4, [05
 * 06] at 300.
 */
const LITERAL = Buffer.from(
  [
    '6e75742f6d756c74696d6564696120636f6e7461696e657200', // file id
    '4e4d7a561f5f04ad' + '17' + '03' + '01' + '81ff7f' + '01' + '01' + '19', // main: version 3, 1 stream, max_distance, 1/25
    'a028' + '06' + '00' + '01' + '00' + '00' + '00' + '817f' + '00' + '00000000', // flags CODED|CODED_PTS|SIZE_MSB for all codes
    '4e5311405bf2f9db' +
      '16' +
      '00' +
      '00' +
      '0459383030' +
      '00' +
      '08' +
      '00' +
      '00' +
      '00' +
      '00' +
      '02' +
      '01' +
      '00' +
      '00' +
      '00' +
      '00000000',
    '4e4be4adeeca4569' + '06' + '03' + '00' + '00000000', // syncpoint at 3
    '00' + '00' + '03' + '02' + '0102', // coded_flags 0, pts by its lowest bits, 2 bytes
    '00' + '00' + '04' + '02' + '0304',
    '00' + '00' + '842c' + '02' + '0506', // whole pts: 300 + 2^8
    '4e58dd672f23e64e' + '05' + 'ff' + '00000000', // index
  ].join(''),
  'hex',
);
const EXPECTED = [
  [3, [1, 2]],
  [4, [3, 4]],
  [300, [5, 6]],
];

function plain(packets: NutPacket[]): unknown {
  return packets.map(({ pts, payload }) => [pts, [...payload]]);
}

describe('reading NUT', () => {
  it('gives timestamps and payloads of literal bytes', () => {
    const demuxer = new NutDemuxer();
    assert.deepEqual(plain(demuxer.push(LITERAL)), EXPECTED);
    assert.deepEqual(demuxer.timeBaseOf(0), { num: 1, den: 25 });
  });

  it('gives the same wherever the bytes are split in two', () => {
    for (let split = 0; split <= LITERAL.length; split++) {
      const demuxer = new NutDemuxer();
      const packets = [
        ...demuxer.push(LITERAL.subarray(0, split)),
        ...demuxer.push(LITERAL.subarray(split)),
      ];
      assert.deepEqual(plain(packets), EXPECTED, `split at ${split}`);
    }
  });

  it('gives the same byte by byte, though the buffer is used again', () => {
    const demuxer = new NutDemuxer();
    const single = new Uint8Array(1);
    const packets: NutPacket[] = [];
    for (const byte of LITERAL) {
      single[0] = byte;
      packets.push(...demuxer.push(single));
    }
    assert.deepEqual(plain(packets), EXPECTED);
  });

  it('hands out payloads that own their memory', () => {
    for (const { payload } of new NutDemuxer().push(LITERAL))
      assert.equal(payload.buffer.byteLength, payload.length);
  });

  it('refuses what is not NUT', () => {
    assert.throws(() => new NutDemuxer().push(Buffer.alloc(100, 'x')), /file id/);
    const broken = Buffer.from(LITERAL);
    broken[broken.indexOf('4e4be4ad', 'hex') + 1] = 0;
    assert.throws(() => new NutDemuxer().push(broken), /start code/);
  });

  it('reads what ffmpeg writes', async () => {
    const { ffmpeg } = await findTools();
    const source = 'testsrc=size=32x16:rate=30000/1001';
    const bytes = execFileSync(ffmpeg, [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      source,
      '-frames:v',
      '40',
      '-pix_fmt',
      'rgb24',
      '-c:v',
      'rawvideo',
      '-f',
      'nut',
      '-',
    ]);
    const demuxer = new NutDemuxer();
    const packets = demuxer.push(bytes);
    const { num, den } = demuxer.timeBaseOf(0);
    assert.equal(packets.length, 40);
    for (const [i, { pts, payload }] of packets.entries()) {
      assert.equal(payload.length, 32 * 16 * 3);
      assert.ok(Math.abs((pts * num) / den - (i * 1001) / 30000) < 1e-9);
    }
  });
});

describe('writing NUT', () => {
  it('is understood by ffmpeg, timestamps and bytes', async () => {
    const { ffmpeg } = await findTools();
    const times = [0, 1, 5, 300, 4_000_000_000];
    const sizes = [400 * 300, 200 * 100 * 1.5];
    const picture = (stream: number, i: number) => Buffer.alloc(sizes[stream]!, i * 20 + stream);
    const input = Buffer.concat([
      nutHead(
        [
          { fourcc: 'Y800', width: 400, height: 300 },
          { fourcc: 'I420', width: 200, height: 100 },
        ],
        { num: 1, den: 90000 },
      ),
      ...times.flatMap((pts, i) =>
        [0, 1].flatMap((stream) => [nutFrameHead(stream, pts, sizes[stream]!), picture(stream, i)]),
      ),
    ]);
    for (const stream of [0, 1]) {
      const output = execFileSync(
        ffmpeg,
        [
          '-v',
          'error',
          '-copyts',
          '-f',
          'nut',
          '-i',
          'pipe:0',
          '-map',
          `0:${stream}`,
          '-c',
          'copy',
          '-f',
          'nut',
          '-',
        ],
        { input },
      );
      assert.deepEqual(
        new NutDemuxer()
          .push(output)
          .map(({ pts, payload }) => [
            pts,
            Buffer.compare(payload, picture(stream, times.indexOf(pts))),
          ]),
        times.map((pts) => [pts, 0]),
      );
    }
  });

  it('tells ffmpeg where raw pictures change their size', async () => {
    const { ffmpeg } = await findTools();
    const sizes = [
      [4, 2],
      [4, 2],
      [6, 8],
      [6, 8],
      [2, 2],
    ] as const;
    const input = Buffer.concat([
      nutHead([{ fourcc: 'Y800', width: 4, height: 2 }], { num: 1, den: 25 }, { resizes: true }),
      ...sizes.flatMap(([width, height], n) => {
        const bytes = width * height;
        return [
          n > 0 && sizes[n - 1] !== sizes[n]
            ? nutResizedFrameHead(n, bytes, { width, height })
            : nutFrameHead(0, n, bytes),
          Buffer.alloc(bytes, 40 * n + 10),
        ];
      }),
    ]);
    // What ffmpeg computes of each picture is its size in its first pixels.
    const filter = "geq=lum='if(Y,lum(X,0),if(X,if(eq(X,1),H,p(0,0)),W))',crop=2:2:0:0";
    const options = ['-v', 'error', '-f', 'nut', '-i', 'pipe:0', '-vf', filter];
    const output = execFileSync(ffmpeg, [...options, '-f', 'rawvideo', '-'], { input });
    assert.deepEqual(
      sizes.map((_, n) => [...output.subarray(4 * n, 4 * n + 4)]),
      sizes.map(([width, height], n) => [width, height, 40 * n + 10, 40 * n + 10]),
    );
  });
});
