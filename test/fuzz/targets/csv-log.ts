import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDriveLog } from '../../../server/drive/log/csv-log.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateText } from '../mutate/text.ts';
import { bytesOf, textOf, type FuzzTarget } from '../target.ts';

const rows = (row: (index: number) => string) =>
  Array.from({ length: 8 }, (_, index) => row(index));
const LOGS: readonly string[] = [
  [
    't [s],steering [deg],speed [km/h],gear',
    ...rows((index) => `${index * 0.05},${index - 4},${30 + index},3`),
  ],
  [
    'timestamp,angle,speed',
    ...rows((index) => `${1700000000000 + index * 50},${0.1 * index},13.9`),
  ],
  [
    '"Time (ms)";"Steering Angle (rad)";"note"',
    ...rows((index) => `${index * 50};-0,${index};"a ""word"""`),
  ],
  ['t\tsteering\tpedal', ...rows((index) => `${index}\t${index / 10}\t`)],
  [
    'timestamp,filename,angle',
    ...rows(
      (index) =>
        `${BigInt(1700000000) * BigInt(1e9) + BigInt(index) * BigInt(5e7)},a/${index}.jpg,${index}`,
    ),
  ],
].map((lines) => `${lines.join('\n')}\n`);

export function open(folder: string): FuzzTarget {
  const path = join(folder, 'fuzzed.csv');
  return {
    make(random) {
      const text = mutateText(random.pick(LOGS), random);
      return random.chance(0.2) ? mutateBytes(bytesOf(text), random, 2) : bytesOf(text);
    },
    async run(input) {
      await writeFile(path, input);
      const { times, steering, speed, extra, assumptions } = await readDriveLog(path, {
        startTime: 0,
        duration: 10,
      });
      for (let row = 0; row < times.length; row++)
        if (!Number.isFinite(times[row]) || (row > 0 && times[row]! <= times[row - 1]!))
          throw new Defect('Times of a log that do not rise');
      for (const column of [steering, speed, ...extra.map(({ values }) => values)])
        if (column && column.length !== times.length)
          throw new Defect('Columns of a log that are not equally long');
      for (const sentence of assumptions)
        if (
          /undefined|NaN|\[object/.test(sentence) &&
          !/undefined|NaN|\[object/.test(textOf(input))
        )
          throw new Defect('An assumption that is told badly');
      return 'read';
    },
  };
}
