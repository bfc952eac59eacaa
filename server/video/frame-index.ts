import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { RoadgazeError } from '../../shared/errors.ts';
import { lanes } from '../resources/limits.ts';
import { startProgram } from '../resources/start-program.ts';
import type { FrameIndex } from './frame-source.ts';
import type { TimeBase } from './nut-demuxer.ts';
import { fileUrl, LOCAL_ONLY, probeVideo } from './probe.ts';
import { findTools, PROBE_ENVIRONMENT } from './tools.ts';

/**
 * Timestamps from the packets of the file, without decoding: what an edit list hides is left out, but damage, and packets
 * that give no frame, are not seen; so `exact` is false. Throws what `probeVideo` does.
 */
export async function readFrameIndex(path: string): Promise<FrameIndex> {
  const { startTime, averageFrameRate, timeBase, inputFormat } = await probeVideo(path);
  const { ffprobe } = await findTools();
  const options = ['-v', 'quiet', ...LOCAL_ONLY, ...inputFormat, '-select_streams', 'V:0', '-show_entries', 'packet=pts,dts,flags', '-of', 'csv=p=0', fileUrl(path)];
  const { times, untimed } = await lanes.probes.run(() => packetTimes(ffprobe, options, timeBase)).catch((cause: unknown) => {
    if (cause instanceof RoadgazeError) throw cause;
    throw new RoadgazeError('FFMPEG_FAILED', `The frames of ${path} cannot be listed.`, 'Run `roadgaze doctor`.', { cause });
  });
  const interval = averageFrameRate > 0 ? 1 / averageFrameRate : 0;
  // Packets without any time come before those that have one, or are all there is.
  const first = times.reduce((earliest, time) => Math.min(earliest, time), times.length > 0 ? Infinity : startTime + untimed * interval);
  for (let i = 1; i <= untimed; i++) times.push(first - i * interval);
  return { pts: Float64Array.from(times).sort(), exact: false };
}

/** Seconds, in the order of the file; `untimed` counts packets without any time. */
async function packetTimes(ffprobe: string, options: readonly string[], { num, den }: TimeBase): Promise<{ readonly times: number[]; readonly untimed: number }> {
  const child = await startProgram(ffprobe, options, { stdio: ['ignore', 'pipe', 'ignore'], env: PROBE_ENVIRONMENT });
  const closed = once(child, 'close');
  closed.catch(() => {});
  const times: number[] = [];
  let untimed = 0;
  try {
    for await (const line of createInterface({ input: child.stdout! })) {
      const [pts = '', dts = '', flags = ''] = line.split(',');
      if (pts === '' || flags.includes('D')) continue;
      // Containers without presentation times (AVI) have no reordered frames either.
      const ticks = Number(pts === 'N/A' ? dts : pts);
      if (Number.isNaN(ticks)) untimed++;
      else times.push((ticks * num) / den);
    }
    await closed;
    return { times, untimed };
  } finally {
    child.kill('SIGKILL');
  }
}
