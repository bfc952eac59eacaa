import { createInterface } from 'node:readline';
import { RoadgazeError } from '../../shared/errors.ts';
import { lanes } from '../resources/limits.ts';
import { startProgram } from '../resources/start-program.ts';
import { fileUrl, LOCAL_ONLY } from './ask-ffprobe.ts';
import type { ProbedVideo } from './probe.ts';
import { findTools, PROBE_ENVIRONMENT } from './tools.ts';

/**
 * A packet of the first video stream; times in seconds, as the file has them, NaN where it has
 * none.
 */
export interface Packet {
  readonly pts: number;
  readonly dts: number;
  /** Where it begins in the file, bytes; -1 where that is not known. */
  readonly position: number;
  readonly isKey: boolean;
}

/**
 * The packets in the order of the file, without those that an edit list hides. Nothing is decoded.
 * Throws FFMPEG_FAILED, MACHINE_EXHAUSTED.
 */
export async function listPackets({ path, timeBase, inputFormat }: ProbedVideo): Promise<Packet[]> {
  const { ffprobe } = await findTools();
  const options = [
    '-v',
    'quiet',
    ...LOCAL_ONLY,
    ...inputFormat,
    '-select_streams',
    'V:0',
    '-show_entries',
    'packet=pts,dts,pos,flags',
    '-of',
    'csv=p=0',
    fileUrl(path),
  ];
  const seconds = (ticks: string | undefined): number =>
    (Number(ticks || NaN) * timeBase.num) / timeBase.den;
  const read = async (): Promise<Packet[]> => {
    const program = await startProgram(ffprobe, options, {
      pipes: ['stdout'],
      env: PROBE_ENVIRONMENT,
      inBackground: true,
    });
    const packets: Packet[] = [];
    try {
      for await (const line of createInterface({ input: program.stdout! })) {
        const [pts = '', dts, position, flags = ''] = line.split(',');
        if (pts === '' || flags.includes('D')) continue;
        packets.push({
          pts: seconds(pts),
          dts: seconds(dts),
          position: Number.parseInt(position ?? '', 10) || (position === '0' ? 0 : -1),
          isKey: flags.includes('K'),
        });
      }
      await program.closed;
      return packets;
    } finally {
      program.kill('SIGKILL');
    }
  };
  return lanes.probes.run(read).catch((cause: unknown) => {
    if (cause instanceof RoadgazeError) throw cause;
    throw new RoadgazeError(
      'FFMPEG_FAILED',
      `The frames of ${path} cannot be listed.`,
      'Run `roadgaze doctor`.',
      { cause },
    );
  });
}
