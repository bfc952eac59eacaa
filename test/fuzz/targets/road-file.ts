import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRoadFile, writeRoadFile } from '../../../server/attention/road-file.ts';
import { Defect } from '../judge.ts';
import { mutateJson } from '../mutate/json.ts';
import { bytesOf, type FuzzTarget } from '../target.ts';

const seeds = [
  {
    roadgazeRoad: 1,
    points: [
      [0.38, 0.54],
      [0.62, 0.54],
      [1.25, 1],
      [-0.25, 1],
    ],
  },
  {
    roadgazeRoad: 1,
    points: [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
    margin: 3,
  },
];

export function open(folder: string): FuzzTarget {
  const path = join(folder, 'fuzzed.road.json');
  const again = join(folder, 'again.road.json');
  return {
    make: (random) => bytesOf(mutateJson(random.pick(seeds), random)),
    async run(input) {
      await writeFile(path, input);
      const road = await readRoadFile(path);
      await writeRoadFile(again, road);
      if (JSON.stringify(await readRoadFile(again)) !== JSON.stringify(road))
        throw new Defect('A road that is another one once it is kept');
      return 'read';
    },
  };
}
