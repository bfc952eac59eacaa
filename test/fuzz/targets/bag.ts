import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BagSession } from '../../../server/drive/readers/bags/bag-session.ts';
import { driveSeries } from '../../../server/drive/readers/bags/signals/drive-series.ts';
import { RoadgazeError } from '../../../shared/errors.ts';
import { repositoryRoot } from '../../support/paths.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { FuzzTarget } from '../target.ts';

const BAGS = join(repositoryRoot, 'test', 'drive', 'fixtures', 'bags');
const SEEDS = [
  'ros2-mcap/ros2-mcap.mcap',
  'ros2-mcap-message/ros2-mcap-message.mcap',
  'ros2-sqlite-message/ros2-sqlite-message.db3',
  'ros2-sqlite-file/ros2-sqlite-file.db3.zstd',
  'ros2-splits/drive_0.mcap',
  'foxglove-protobuf.mcap',
  'foxglove-json.mcap',
  'ros1-bz2.bag',
  'ros1-lz4.bag',
].map((name) => readFileSync(join(BAGS, name)));

/** Bags of all kinds, damaged somewhere. What a bag's session throws are clauses for a sentence. */
export function open(folder: string): FuzzTarget {
  const path = join(folder, 'fuzzed');
  const scratch = join(folder, 'scratch');
  return {
    make: (random) => mutateBytes(random.pick(SEEDS), random),
    async run(input) {
      writeFileSync(path, input);
      rmSync(scratch, { recursive: true, force: true });
      mkdirSync(scratch);
      let session: BagSession | null = null;
      try {
        session = await BagSession.open(path, scratch);
        const [camera] = session.contents().cameras;
        if (!camera) return 'no camera';
        const { pts, keyframes } = await session.index(camera.key, false);
        for (let i = 1; i < pts.length; i++)
          if (!(pts[i]! > pts[i - 1]!)) throw new Defect('Times of pictures that do not rise');
        if (keyframes && keyframes[0] !== 0) throw new Defect('A video that does not begin');
        for (let i = 0; i < pts.length; i++) checked(await session.picture(camera.key, false, i));
        const { steering, others } = driveSeries('bag', await session.signals(camera.key));
        for (const { times, values } of [...steering, ...others])
          if (times.length !== values.length) throw new Defect('A signal of two lengths');
        session.notes().forEach(checked);
        return 'read';
      } catch (error) {
        if (error instanceof Defect || error instanceof RoadgazeError) throw error;
        checked((error as Error).message);
        return 'refused';
      } finally {
        await session?.close();
      }
    },
  };
}

function checked(told: Uint8Array | string): void {
  if (
    typeof told === 'string' &&
    /\bundefined\b|\[object |of null|is not a function|not iterable/.test(told)
  )
    throw new Defect(`Told badly: ${told.slice(0, 200)}`);
}
