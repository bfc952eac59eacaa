import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventReader } from '../../../server/drive/readers/openpilot/event-reader.ts';
import { EventSplitter } from '../../../server/drive/readers/openpilot/event-splitter.ts';
import { logBytes } from '../../../server/drive/readers/openpilot/log-bytes.ts';
import { repositoryRoot } from '../../support/paths.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

const LOGS = join(repositoryRoot, 'test', 'drive', 'fixtures', 'openpilot');
const SEEDS = ['rlog-0', 'rlog-1.bz2', 'rlog-0.zst', 'qlog-1.zst'].map((name) =>
  readFileSync(join(LOGS, name)),
);

/** Logs of openpilot in every packing, damaged somewhere: none of them is refused. */
export function open(folder: string): FuzzTarget {
  const path = join(folder, 'rlog');
  return {
    make: (random) => mutateBytes(random.pick(SEEDS), random),
    async run(input) {
      writeFileSync(path, input);
      const reader = new EventReader();
      const splitter = new EventSplitter((event) => reader.take(event));
      for await (const piece of logBytes(path)) {
        if (piece === null) splitter.gap();
        else if (typeof piece !== 'string') splitter.push(piece);
      }
      const { frames, numbers, events } = reader.contents(splitter.end());
      for (const { segments, numbers: own, times } of frames.values())
        if (segments.length !== times.length || own.length !== times.length)
          throw new Defect('Frames of two lengths');
      for (const { times, columns } of numbers)
        for (const values of columns.values())
          if (values.length !== times.length) throw new Defect('A series of two lengths');
      return events > 0 ? 'read' : 'nothing';
    },
  };
}
