import { Random } from '../../../recordings/scene/world/random.ts';
import { NutDemuxer } from '../../../server/video/nut-demuxer.ts';
import { nutFrameHead, nutHead } from '../../../server/video/nut-muxer.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

/** Bytes of ffmpeg's own: what is not NUT is an error of the demuxer's, and never anything else. */
export function open(): FuzzTarget {
  return {
    make(random) {
      const frames = Array.from({ length: 1 + random.below(4) }, (_, index) =>
        Buffer.alloc(1 + random.below(40), index),
      );
      const clean = Buffer.concat([
        nutHead([{ fourcc: 'Y800', width: 4, height: 2 }], {
          num: 1,
          den: random.pick([25, 90000, 1]),
        }),
        ...frames.flatMap((frame, index) => [
          nutFrameHead(0, random.pick([index, index * 300, 2 ** 40]), frame.length),
          frame,
        ]),
      ]);
      return mutateBytes(clean, random, 3);
    },
    run(input) {
      const whole = read([input]);
      const random = new Random(input.length, 'pieces');
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < input.length; at += pieces.at(-1)!.length)
        pieces.push(input.subarray(at, at + 1 + random.below(30)));
      const split = read(pieces);
      if (whole.packets !== split.packets)
        throw new Defect('What is read depends on how the bytes come in pieces');
      return whole.refused ? 'refused' : 'read';
    },
  };
}

function read(chunks: readonly Uint8Array[]): { packets: string; refused: boolean } {
  const demuxer = new NutDemuxer(1_000_000);
  const seen: string[] = [];
  try {
    for (const chunk of chunks) {
      for (const { pts, stream, payload } of demuxer.push(chunk)) {
        if (!Number.isFinite(pts)) throw new Defect('A packet without a time');
        seen.push(
          `${pts}/${payload.length}/${demuxer.timeBaseOf(stream).den}/${demuxer.fourccOf(stream)}`,
        );
      }
    }
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NUT: '))) throw error;
    return { packets: '', refused: true };
  }
  return { packets: seen.join(), refused: false };
}
