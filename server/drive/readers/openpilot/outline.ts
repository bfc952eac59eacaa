import { pathInside } from '../../../files/path-inside.ts';
import { probeVideo } from '../../../video/probe.ts';
import type { Place } from '../../place.ts';
import type { DriveOutline } from '../../source.ts';
import { CAMERAS, inSegment, logOf, type Segment } from './segments.ts';
import { SPEED, STEERING } from './signals.ts';

const SEGMENT_SECONDS = 60;
const SMALL = 'qcamera.ts';

/** Segments are a minute each but for the last one, whose small video tells how long it is. */
export async function outlineOfRoute(
  { path }: Place,
  segments: readonly Segment[],
): Promise<DriveOutline | null> {
  const [first, last] = [segments[0], segments.at(-1)];
  if (!first || !last) return null;
  const small = last.names.has(SMALL) ? await pathInside(path, inSegment(last, SMALL)) : null;
  const probed = small === null ? null : await probeVideo(small).catch(() => null);
  const own = probed && probed.duration > 0 ? probed.duration : SEGMENT_SECONDS;
  const hasLog = segments.some((each) => logOf(each, 'rlog') ?? logOf(each, 'qlog'));
  return {
    durationSeconds: (last.number - first.number) * SEGMENT_SECONDS + own,
    cameras: CAMERAS.filter(({ file }) => segments.some(({ names }) => names.has(file))).map(
      ({ title }) => title,
    ),
    signals: hasLog ? [STEERING, SPEED] : [],
    hasLog,
  };
}
