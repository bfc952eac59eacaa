import { readNpy, readNpyNumbers, writeNpy } from '../../../server/files/npy.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateText } from '../mutate/text.ts';
import type { FuzzTarget } from '../target.ts';

const HEADER = 10;

export function open(): FuzzTarget {
  return {
    make(random) {
      const dims = random.pick([[6], [2, 3], [1, 3, 2], [], [0, 4], [1, 1, 2, 2]]);
      const clean = writeNpy({
        dims,
        values: new Float32Array(dims.reduce((product, dim) => product * dim, 1)).fill(0.5),
      });
      if (random.chance(0.5)) return mutateBytes(clean, random);
      const end = HEADER + (clean[8]! | (clean[9]! << 8));
      const header = Buffer.from(
        mutateText(Buffer.from(clean.subarray(HEADER, end)).toString('latin1').trimEnd(), random),
        'latin1',
      );
      const result = Buffer.concat([clean.subarray(0, HEADER), header, clean.subarray(end)]);
      result.writeUInt16LE(Math.min(0xffff, header.length), 8);
      return result;
    },
    run(input) {
      const { dims, values } = readNpyNumbers(input, 'fuzzed.npy');
      if (dims.reduce((product, dim) => product * dim, 1) !== values.length)
        throw new Defect('A tensor that does not fill its shape');
      readNpy(input, 'fuzzed.npy');
      return 'read';
    },
  };
}
