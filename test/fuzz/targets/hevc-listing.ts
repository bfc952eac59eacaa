import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listHevc } from '../../../server/video/hevc-listing.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

/** Heads of units: parameter sets, IDR, CRA, RASL and others, with the first bit of a slice set. */
const TYPES = [32, 33, 34, 35, 39, 40, 19, 20, 21, 1, 1, 0, 8, 9];

/** Raw H.265 of a few units. */
export function open(folder: string): FuzzTarget {
  const path = join(folder, 'video.hevc');
  return {
    make(random) {
      const units = Array.from({ length: 12 }, () => [
        0,
        0,
        1,
        random.pick(TYPES) << 1,
        1,
        0x80,
        7,
      ]);
      return mutateBytes(Uint8Array.from(units.flat()), random);
    },
    async run(input) {
      writeFileSync(path, input);
      const { begins, ends, keyframes } = await listHevc(path);
      if (begins.length !== ends.length) throw new Defect('A picture without an end');
      for (const [i, begin] of begins.entries())
        if (begin >= ends[i]! || ends[i]! > (begins[i + 1] ?? input.length))
          throw new Defect('Pictures that overlap');
      if (keyframes.some((key, i) => i > 0 && key <= keyframes[i - 1]!))
        throw new Defect('Keyframes that do not rise');
      return begins.length > 0 ? 'listed' : 'nothing';
    },
  };
}
