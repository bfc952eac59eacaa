import { isKeyframe, parameterSets } from '../../../server/video/keyframes.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

/** Packets of H.264, H.265, VP9 and AV1, whichever they are taken for. */
export function open(): FuzzTarget {
  return {
    make(random) {
      const unit = () => [
        ...(random.below(2) ? [0] : []),
        ...[0, 0, 1, random.pick([0x67, 0x68, 0x65, 0x41, 0x40, 0x42, 0x44, 0x26, 0x02])],
        ...Array.from({ length: random.below(20) }, () => random.below(256)),
      ];
      const openUnit = () => {
        const size = random.below(20);
        return [random.pick([0x12, 0x0a, 0x32, 0x0e, 0x08]), size, ...Array<number>(size).fill(7)];
      };
      const make = random.pick([unit, openUnit]);
      return mutateBytes(
        Uint8Array.from(Array.from({ length: 1 + random.below(5) }, make).flat()),
        random,
        3,
      );
    },
    run(input) {
      const codecs = ['h264', 'hevc'] as const;
      for (const codec of codecs)
        for (const set of parameterSets(codec, input)) {
          const from = set.byteOffset - input.byteOffset;
          if (set.length < 4 || from < 0 || from + set.length > input.length)
            throw new Defect('A parameter set that does not lie in the packet');
        }
      return ([...codecs, 'vp9', 'av1'] as const)
        .map((codec) => (isKeyframe(codec, input) ? 'key' : 'not'))
        .join();
    },
  };
}
