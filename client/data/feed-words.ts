import type { SourceClockStatus } from '../../shared/protocol/feed-messages.ts';
import type { FeedStatus } from '../../shared/protocol/summaries.ts';

/** One or two words, as they stand beside the dot. */
export const STATES: Readonly<Record<FeedStatus['name'], string>> = {
  connecting: 'connecting',
  live: 'live',
  stalled: 'no signal',
  reconnecting: 'no signal',
  failed: 'failed',
  closed: 'removed',
};

/** Filled while pictures come, so that the state is not said by colour alone. */
export function stateDot({ name }: FeedStatus): string {
  return name === 'live' ? '●' : name === 'failed' || name === 'closed' ? '×' : '○';
}

/** `14:03:12`, by the clock on the wall. */
export function timeOfDay(milliseconds: number): string {
  const time = new Date(milliseconds);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/** `84 ms`; in seconds where it has become long. */
export function delayText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '–';
  return milliseconds < 9_999.5
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

const UNITS = [
  ['years', 365.25 * 86_400],
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
  ['s', 1],
  ['ms', 0.001],
] as const;

/** `350 ms`, `2.5 s`, `31 years`. */
function coarseText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  const [unit, size] = UNITS.find(([, size]) => seconds >= 2 * size) ?? ['ms', 0.001];
  const count = seconds / size;
  return `${count.toFixed(count < 10 && unit !== 'ms' ? 1 : 0)} ${unit}`;
}

/** Where delay counts from, and why. */
export function clockText(clock: SourceClockStatus): string {
  switch (clock.name) {
    case 'synchronized':
      return "The source tells when it took each picture, by its own clock: delay is right as far as its clock and the server's are set alike, by NTP or PTP.";
    case 'none':
      return 'The stream does not tell, or not yet, when the source took its pictures: delay counts from their arrival.';
    case 'unsynchronized': {
      const { difference } = clock;
      return `The source's clock is ${coarseText(Math.abs(difference))} ${difference < 0 ? 'ahead of' : 'behind'} the server's: set both by NTP or PTP. Delay counts from arrival.`;
    }
  }
}

/** `12 MB`. */
export function bytesText(bytes: number): string {
  return bytes < 1e9
    ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
    : `${(bytes / 1e9).toFixed(1)} GB`;
}
