import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readGroundTruth } from '../../../server/drive/truth.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateText } from '../mutate/text.ts';
import { bytesOf, type FuzzTarget } from '../target.ts';

const HEADER = { roadgazeTruth: 1, size: [96, 54], maskSize: [8, 4] };
const FRAMES = [
  { pts: 0, road: [20, 12] },
  { pts: 0.05, road: [0, 32] },
  { pts: 0.1, road: [3, 4, 5, 6, 14] },
];

export function open(folder: string): FuzzTarget {
  const path = join(folder, 'fuzzed.truth.jsonl.gz');
  return {
    make(random) {
      const changed = random.below(FRAMES.length + 3);
      const lines = [HEADER, ...FRAMES].map((line, index) =>
        index === changed ? mutateJson(line, random) : JSON.stringify(line),
      );
      const text = `${lines.join('\n')}\n`;
      const zipped = gzipSync(bytesOf(random.chance(0.3) ? mutateText(text, random, 2) : text), {
        level: 1,
      });
      return random.chance(0.2) ? mutateBytes(zipped, random, 2) : zipped;
    },
    async run(input) {
      await writeFile(path, input);
      const { mask, times, roadMaskAt } = await readGroundTruth(path).then((truth) => ({
        mask: truth.mask,
        times: truth.times,
        roadMaskAt: (pts: number) => truth.roadMaskAt(pts),
      }));
      for (const pts of times) {
        const road = roadMaskAt(pts);
        if (road?.length !== mask.width * mask.height || road.some((value) => value > 1))
          throw new Defect('A road that is no mask');
      }
      for (const pts of [-1, 1e9, NaN, Infinity]) roadMaskAt(pts);
      return 'read';
    },
  };
}
