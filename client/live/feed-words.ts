import type { FeedStatus } from '../../shared/protocol/live-messages.ts';

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
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** `84 ms`; in seconds where it has become long. */
export function delayText(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '–';
  return milliseconds < 9_999.5 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** `12 MB`. */
export function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
