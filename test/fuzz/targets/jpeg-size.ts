import { jpegSize } from '../../../server/api/feeds/jpeg-size.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

export function open(): FuzzTarget {
  return {
    make(random) {
      const segment = (marker: number, content: readonly number[]) => [
        0xff,
        marker,
        (content.length + 2) >> 8,
        (content.length + 2) & 255,
        ...content,
      ];
      const filler = () =>
        segment(
          random.pick([0xe0, 0xdb, 0xc4, 0xfe]),
          Array.from({ length: random.below(30) }, () => random.below(256)),
        );
      const frame = segment(
        random.pick([0xc0, 0xc1, 0xc2]),
        [8, 0, 54, 0, 96, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1],
      );
      return mutateBytes(
        Uint8Array.from([
          0xff,
          0xd8,
          ...Array.from({ length: random.below(4) }, filler).flat(),
          ...frame,
          ...segment(0xda, [3, 1, 0, 2, 0x11, 3, 0x11, 0, 0x3f, 0]),
          1,
          2,
          3,
          0xff,
          0xd9,
        ]),
        random,
      );
    },
    run(input) {
      const size = jpegSize(input);
      if (
        size &&
        !(size.width >= 0 && size.width <= 0xffff && size.height >= 0 && size.height <= 0xffff)
      )
        throw new Defect('A size that JPEG cannot have');
      return size ? 'size' : 'null';
    },
  };
}
