import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SourceClock, takenByCamera } from '../../server/live/source-clock.ts';
import {
  readReferenceTime,
  sourceClockOutput,
  SourceClockReader,
} from '../../server/live/source-clock-output.ts';
import { NutDemuxer } from '../../server/video/nut-demuxer.ts';
import { ffmpeg, makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { freeUdpPort, rtspServerIsMissing, sendFile, startClockServer } from './support/sources.ts';
import { IMAGE, watch } from './support/watch.ts';

/**
 * A stream as ffmpeg writes it with `-syncpoints none`, but for the codec's name: time base
 * 1/90000, and any frame has its flags written out.
 */
function stream(fourcc: string, ...frames: readonly string[]): Buffer {
  const main =
    '04' +
    '01' +
    '01' +
    '81ff7f' +
    '01' +
    '01' +
    '85bf10' +
    'a028' +
    '06' +
    '00' +
    '01' +
    '00' +
    '00' +
    '00' +
    '817f' +
    '01' +
    '03' +
    '000001' +
    '01' +
    '00000000';
  const head =
    '00' +
    '00' +
    `04${Buffer.from(fourcc).toString('hex')}` +
    '00' +
    '0e' +
    '85bf10' +
    '00' +
    '00' +
    '00' +
    '02' +
    '01' +
    '00' +
    '00' +
    '00' +
    '00000000';
  const packet = (startCode: string, text: string) =>
    startCode + (text.length / 2).toString(16).padStart(2, '0') + text;
  return Buffer.from(
    '6e75742f6d756c74696d6564696120636f6e7461696e657200' +
      packet('4e4d7a561f5f04ad', main) +
      packet('4e5311405bf2f9db', head) +
      packet('4e4be4adeeca4569', '00' + '00' + '00000000') +
      frames.join(''),
    'hex',
  );
}

/**
 * 2^17 s, by which timestamps are shifted, and a tick a millisecond; whole, as a variable-length
 * number.
 */
function pts(milliseconds: number): string {
  let value = (2 ** 17 * 1000 + milliseconds) * 90 + 2 ** 14;
  let text = (value % 128).toString(16).padStart(2, '0');
  while ((value = Math.floor(value / 128)) > 0) text = (128 + (value % 128)).toString(16) + text;
  return text;
}

/**
 * Side data as ffmpeg 5.1 writes them: one entry, `UserDataLavf59.27.100-SD-27`, binary, 16 bytes;
 * and no metadata.
 */
const REFERENCE_TIME =
  '01' +
  '1b' +
  '55736572446174614c61766635392e32372e3130302d53442d3237' +
  '04' +
  '0362696e' +
  '10' +
  '056cc7e738610600' +
  '18000000' +
  '00000000' +
  '00';
const TIME = 1_795_746_894_932.997;
/** Coded flags 8200 add SIDE_DATA to CODED_PTS and SIZE_MSB. */
const withTime = (milliseconds: number) =>
  '00' + '8200' + pts(milliseconds) + '36' + REFERENCE_TIME + 'abcd';
const without = (milliseconds: number) => '00' + '00' + pts(milliseconds) + '02' + 'abcd';

function read(chunks: readonly Uint8Array[]): unknown[] {
  const told: unknown[] = [];
  const reader = new SourceClockReader((at, time) => told.push([at, time]));
  for (const chunk of chunks) reader.add(chunk);
  return told;
}

describe('the time that a source tells beside its stream', () => {
  it('is read from literal bytes, however they are cut', () => {
    const bytes = stream('VP80', without(0), withTime(40), without(80), withTime(120));
    const expected = [
      [0.04, TIME],
      [0.12, TIME],
    ];
    assert.deepEqual(read([bytes]), expected);
    for (let cut = 0; cut <= bytes.length; cut++)
      assert.deepEqual(
        read([bytes.subarray(0, cut), bytes.subarray(cut)]),
        expected,
        `cut at ${cut}`,
      );
    assert.deepEqual(read([...bytes].map((byte) => Uint8Array.of(byte))), expected);
  });

  it('belongs to the next picture where ffmpeg puts pictures together from pieces', () => {
    for (const codec of ['H264', 'HEVC'])
      assert.deepEqual(read([stream(codec, without(0), withTime(40), without(80), without(120))]), [
        [0.08, TIME],
      ]);
  });

  it('is read in front of a picture of megabytes, of which nothing is kept', () => {
    const large = Buffer.from('00' + '8200' + pts(40) + 'c0b4' + '34' + REFERENCE_TIME, 'hex');
    const size = (0x40 * 128 + 0x34) * 128 + 0x34;
    const rest = Buffer.alloc(size - REFERENCE_TIME.length / 2, 'N');
    assert.deepEqual(
      read([
        stream('VP80'),
        large,
        rest.subarray(0, 70_000),
        rest.subarray(70_000),
        Buffer.from(withTime(80), 'hex'),
      ]),
      [
        [0.04, TIME],
        [0.08, TIME],
      ],
    );
    const demuxer = new NutDemuxer(100);
    const [packet] = demuxer.push(Buffer.concat([stream('VP80'), large, rest]));
    assert.equal(packet!.payload.buffer.byteLength, 100);
  });

  it('is found behind other side data', () => {
    const other = '055468696e67' + '04' + '0362696e' + '03' + '010203';
    assert.equal(
      readReferenceTime(Buffer.from(`02${other}${REFERENCE_TIME.slice(2)}`, 'hex')),
      TIME,
    );
  });

  it('is not there where side data are cut off, oversized, of another kind, or no side data at all', () => {
    const whole = Buffer.from(REFERENCE_TIME, 'hex');
    assert.equal(readReferenceTime(whole), TIME);
    for (let end = 0; end < whole.length - 1; end++)
      assert.equal(readReferenceTime(whole.subarray(0, end)), null, `${end} bytes`);
    for (const text of [
      '00',
      'ffffffffffffffffffffffff',
      '01ffffffff7f55',
      `01${'ff'.repeat(600)}`,
      `8fffffff7f${REFERENCE_TIME.slice(2)}`.replace('2d3237', '2d3238'),
      REFERENCE_TIME.replace('2d3237', '2d3238'),
      REFERENCE_TIME.replace('62696e', '75363a'),
      REFERENCE_TIME.replace('0362696e10', '0362696e0f'),
      REFERENCE_TIME.replace('0362696e10', '0362696e8fff7f'),
      '4e'.repeat(512),
    ])
      assert.equal(readReferenceTime(Buffer.from(text, 'hex')), null, text);
  });
});

describe('the clock of a source', () => {
  const NOW = 1_800_000_000_000;
  /** A picture every 40 ms that the source took `ago` (ms) before it was told. */
  const tell = (clock: SourceClock, from: number, to: number, ago: number) => {
    for (let ms = from; ms < to; ms += 40) clock.add(ms / 1000, NOW + ms - ago, NOW + ms);
  };

  it('places pictures that come before or after those it told of', () => {
    const clock = new SourceClock();
    assert.deepEqual([clock.state, clock.timeOf(5)], [{ name: 'none' }, null]);
    tell(clock, 1000, 2000, 80);
    assert.deepEqual(
      [clock.state, clock.timeOf(1.5), clock.timeOf(2.5)],
      [{ name: 'synchronized' }, NOW + 1420, NOW + 2420],
    );
    assert.equal(
      clock.timeOf(0.9),
      null,
      'before the first report the stream may have had other timestamps',
    );
  });

  it('that is set anew holds from the picture on that was told with it', () => {
    const clock = new SourceClock();
    tell(clock, 0, 2000, 80);
    tell(clock, 2000, 4000, 30);
    assert.deepEqual([clock.timeOf(1.96), clock.timeOf(2)], [NOW + 1880, NOW + 1970]);
  });

  it('is followed as it drifts', () => {
    const clock = new SourceClock();
    for (let ms = 0; ms < 600_000; ms += 40) clock.add(ms / 1000, NOW + ms * 1.0001 - 80, NOW + ms);
    assert.ok(Math.abs(clock.timeOf(600)! - (NOW + 600_000 * 1.0001 - 80)) < 0.02);
  });

  for (const [what, ago] of [
    ['years behind', 3e12],
    ['more than a minute behind', 60_001],
    ['ahead', -21],
    ['years ahead', -3e12],
  ] as const) {
    it(`that is ${what} is not believed, and by how much is told`, () => {
      const clock = new SourceClock();
      tell(clock, 0, 1000, ago);
      assert.deepEqual(
        [clock.state, clock.timeOf(0.5)],
        [{ name: 'unsynchronized', difference: ago }, null],
      );
    });
  }

  it('is believed on through wrong reports of some seconds, not of more', () => {
    const clock = new SourceClock();
    tell(clock, 0, 1000, 80);
    // As ffmpeg 5.1 reckons when RTP's counter begins anew, until the next report.
    tell(clock, 1000, 6000, 80 - 47_721_858.84);
    assert.deepEqual([clock.state, clock.timeOf(5)], [{ name: 'synchronized' }, NOW + 4920]);
    tell(clock, 6000, 7000, 80);
    tell(clock, 7000, 17_200, -5000);
    assert.deepEqual(
      [clock.state, clock.timeOf(17)],
      [{ name: 'unsynchronized', difference: -5000 }, null],
    );
    tell(clock, 18_000, 28_400, 90);
    assert.deepEqual([clock.state, clock.timeOf(28.4)], [{ name: 'synchronized' }, NOW + 28_310]);
  });

  it('says nothing of another connection', () => {
    const clock = new SourceClock();
    tell(clock, 0, 1000, 80);
    clock.reset();
    assert.deepEqual([clock.state, clock.timeOf(0.5)], [{ name: 'none' }, null]);
  });
});

/**
 * The server stamps a picture between the two times that it tells, on GStreamer's clock; a sender
 * report joins that clock to the time of day by reading both one after the other, and RTP counts in
 * 11 µs. What is left are the microseconds between those two readings (ms).
 */
const TOLERANCE = 5;

const H264 = 'x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=8';

it('a camera of this machine stamps pictures with its monotonic clock, or with the time of day', () => {
  assert.equal(takenByCamera(5914.5, 1_795_752_222_740, 5_914_520), 1_795_752_222_720);
  assert.equal(takenByCamera(1_795_752_222.5, 1_795_752_222_740, 5_914_520), 1_795_752_222_500);
});

describe(
  "a live feed tells when the source took a picture, by the source's own clock, of",
  { concurrency: 2, skip: rtspServerIsMissing() },
  () => {
    for (const [name, transport, encoder, payloader] of [
      ['H.264 over TCP', 'tcp', H264, 'rtph264pay config-interval=1'],
      ['H.264 over UDP', 'udp', H264, 'rtph264pay config-interval=1'],
      [
        'H.264 with B-frames',
        'tcp',
        'x264enc bframes=2 b-adapt=false rc-lookahead=4 speed-preset=veryfast threads=1 key-int-max=15',
        'rtph264pay config-interval=1',
      ],
      [
        'HEVC',
        'tcp',
        'x265enc tune=zerolatency speed-preset=ultrafast key-int-max=8',
        'rtph265pay config-interval=1',
      ],
      ['VP8', 'udp', 'vp8enc deadline=1 keyframe-max-dist=8', 'rtpvp8pay'],
    ] as const) {
      it(name, async (t) => {
        const { address, entered } = await startClockServer(t, encoder, payloader);
        const feed = watch(t, address, { transport });
        const first = await feed.frame(({ takenAt }) => takenAt !== null);
        await feed.frame(({ sequence }) => sequence >= first.sequence + 30);
        let compared = 0;
        for (const {
          images: [image],
          takenAt,
        } of feed.frames) {
          const times = entered.get(readFrameNumber(image!, IMAGE.width, IMAGE.height) ?? -1);
          if (takenAt === null || !times) continue;
          assert.ok(
            takenAt > times[0] - TOLERANCE && takenAt < times[1] + TOLERANCE,
            `${takenAt - times[0]} ms after it entered the encoder`,
          );
          compared++;
        }
        assert.ok(compared >= 25);
        assert.equal(feed.decoder.sourceClock.name, 'synchronized');
      });
    }

    it('none where it tells times that cannot be, and shows its pictures all the same', async (t) => {
      const { address } = await startClockServer(
        t,
        H264,
        'rtph264pay config-interval=1',
        'running-time',
      );
      const feed = watch(t, address);
      await feed.frame(() => feed.decoder.sourceClock.name !== 'none');
      const { sourceClock } = feed.decoder;
      assert.ok(sourceClock.name === 'unsynchronized' && sourceClock.difference > 365 * 86_400_000);
      assert.ok(feed.frames.every(({ takenAt }) => takenAt === null));
    });
  },
);

it("the output that carries the source's clock is read wherever it goes, and its failure leaves the others alone", async (t) => {
  const folder = temporaryFolder(t);
  const clip = await makeNumberedClip(join(folder, 'clip.mp4'), { frames: 60 });
  const odd = join(folder, "it's [an] odd: name|\\");
  await mkdir(odd);
  const received: Buffer[] = [];
  for (const [path, taken] of [
    [join(odd, 's'), (socket: Socket) => socket.on('data', (chunk) => received.push(chunk))],
    [join(folder, 'gone'), (socket: Socket) => socket.destroy()],
    [join(folder, 'nobody'), null],
  ] as const) {
    if (taken) {
      const server = createServer(taken).listen(path);
      await once(server, 'listening');
      t.after(() => server.close());
    }
    const { url, options } = sourceClockOutput(`unix:${path}`);
    const frames = join(folder, 'frames.crc');
    await ffmpeg('-i', clip, '-f', 'framecrc', frames, ...options, url).catch(
      ({ stderr }: { stderr: string }) =>
        assert.ok(!taken && /Connection refused|No such file/.test(stderr), stderr),
    );
    assert.equal(
      (await readFile(frames, 'utf8')).split('\n').filter((line) => /^0,/.test(line)).length,
      60,
      path,
    );
  }
  const packets = new NutDemuxer(0).push(Buffer.concat(received));
  assert.equal(packets.length, 60);
});

it("a live feed tells nothing of the source's clock where the stream carries none", async (t) => {
  const folder = temporaryFolder(t);
  const clip = await makeNumberedClip(join(folder, 'clip.ts'), {
    frames: 600,
    fps: 15,
    size: [160, 96],
    keyframes: 8,
  });
  const port = await freeUdpPort();
  const feed = watch(t, `rtp://127.0.0.1:${port}`);
  await sendFile(t, clip, '-f', 'rtp_mpegts', `rtp://127.0.0.1:${port}`);
  await feed.frame(({ sequence }) => sequence >= 90, 0);
  assert.equal(feed.decoder.sourceClock.name, 'none');
  assert.ok(feed.frames.every(({ takenAt }) => takenAt === null));
});
