import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readFrameIndex } from '../../server/video/frame-index.ts';
import { findTools, PROBE_ENVIRONMENT } from '../../server/video/tools.ts';
import { transportTimes } from '../../server/video/transport-times.ts';
import {
  ffmpeg,
  ffprobeFrameTimes,
  makeNumberedClip,
  makeSampleClip,
  type SampleClip,
} from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';

const folder = temporaryFolder({ after: (done) => after(done as () => void) });

describe('the quick frame index', () => {
  const names: SampleClip[] = [
    'B-frames',
    'variable frame rate',
    'edit list',
    'start at −1 s',
    'MPEG-TS',
    'AVI',
    'timestamps from the second on',
  ];
  for (const name of names) {
    it(`lists the frames that will be decoded, in their order: ${name}`, async () => {
      const path = await makeSampleClip(name, folder);
      const { pts, exact } = await readFrameIndex(path);
      const decoded = await ffprobeFrameTimes(path);
      assert.equal(exact, false);
      assert.equal(pts.length, decoded.length);
      assert.ok(pts.every((time, i) => i === 0 || time > pts[i - 1]!));
      for (const [i, time] of decoded.entries())
        if (!Number.isNaN(time)) assert.ok(Math.abs(pts[i]! - time) < 6e-7, `frame ${i}`);
    });
  }
});

describe('ordinary MPEG-TS', () => {
  const PACKET = 188;

  /** Of packets in the order of the file; on MPEG's clock. */
  async function packetTimes(path: string): Promise<number[]> {
    const { ffprobe } = await findTools();
    const questions = '-v quiet -select_streams V:0 -show_entries packet=pts -of csv=p=0';
    const told = execFileSync(ffprobe, [...questions.split(' '), path], { env: PROBE_ENVIRONMENT });
    const ticks = String(told).match(/^\d+/gm) ?? [];
    return ticks.map((each) => Number(each) / 90_000);
  }

  function written(name: string, bytes: Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  /** Where packets of the video begin that hold a unit's first bytes, or others. */
  function videoPackets(bytes: Buffer, isBegin: boolean): number[] {
    return Array.from({ length: bytes.length / PACKET }, (_, i) => i * PACKET).filter(
      (at) => bytes.readUInt16BE(at + 1) === (isBegin ? 0x4100 : 0x0100),
    );
  }

  it('is read without a program, and gives the times that ffprobe gives', async () => {
    const silent = await makeNumberedClip(join(folder, 'silent.ts'), {
      frames: 30,
      size: [160, 16],
    });
    const withSound = join(folder, 'sound.ts');
    const sine = ['-f', 'lavfi', '-i', 'sine', '-shortest', '-c:a', 'aac'];
    await ffmpeg('-i', silent, ...sine, '-c:v', 'copy', withSound);
    const reordered = await makeSampleClip('MPEG-TS', folder);
    const bytes = readFileSync(reordered);
    // Within its last picture.
    const cut = written('cut.ts', bytes.subarray(0, -2 * PACKET));
    for (const path of [withSound, reordered, cut]) {
      const times = [...(await transportTimes(path))!];
      assert.ok(times.length >= 30);
      assert.deepEqual(times, await packetTimes(path));
    }
  });

  it('is left to ffprobe as soon as anything is out of the ordinary', async () => {
    const bytes = readFileSync(await makeSampleClip('MPEG-TS', folder));
    const changed = (name: string, at: number, change: (byte: number) => number): string => {
      const copy = Buffer.from(bytes);
      copy[at] = change(copy[at]!);
      return written(name, copy);
    };
    const begins = videoPackets(bytes, true);
    const inner = videoPackets(bytes, false)[3]!;
    const lost = Buffer.concat([bytes.subarray(0, inner), bytes.subarray(inner + PACKET)]);
    // The first slice of its second picture is told to be a later slice of the picture before.
    const slice = bytes.indexOf(Buffer.from([0, 0, 1, 0x41]), begins[1]);
    const cases: [what: string, path: string][] = [
      ['a packet is lost', written('lost.ts', lost)],
      ['the last packet is cut', written('half.ts', bytes.subarray(0, -7))],
      ['the clock starts again', written('twice.ts', Buffer.concat([bytes, bytes]))],
      ['no sync byte', changed('sync.ts', inner, () => 0)],
      ['told to be damaged', changed('damaged.ts', inner + 1, (byte) => byte | 0x80)],
      ['scrambled', changed('scrambled.ts', inner + 3, (byte) => byte | 0x80)],
      ['no picture begins in a unit', changed('slice.ts', slice + 4, (byte) => byte & 0x7f)],
      ['another file', written('text.ts', Buffer.alloc(10 * PACKET, 'const a = 1;'))],
      ['nothing', written('nothing.ts', Buffer.alloc(0))],
      [
        'another codec',
        await makeNumberedClip(join(folder, 'other.ts'), {
          frames: 5,
          codec: ['mpeg2video'],
        }),
      ],
    ];
    assert.ok(slice > 0);
    for (const [what, path] of cases) assert.equal(await transportTimes(path), null, what);
    assert.equal(await transportTimes(join(folder, 'not there.ts')), null);
  });
});
