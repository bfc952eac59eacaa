import type { DriveAnalysis, DriveRow } from '../../shared/protocol/catalogue-messages.ts';
import { FLAG_KINDS } from './flag-words.ts';
import { durationText } from './format.ts';

/** `a Donkeycar tub` → `Donkeycar tub`: in a list. */
export function formatName(title: string): string {
  const name = title.replace(/^(an?|the) /, '');
  return name[0]!.toUpperCase() + name.slice(1);
}

/** What a row says below a drive's name: `0:45 · 2 cameras · steering, speed`. */
export function driveFacts({ details, error }: DriveRow): string {
  if (error) return error.message;
  if (!details) return 'being looked into …';
  const { durationSeconds, cameras, signals, hasLog } = details;
  const first = signals.slice(0, 3).join(', ');
  return [
    durationSeconds === null ? 'length not known' : durationText(durationSeconds),
    ...(cameras.length > 1 ? [`${cameras.length} cameras`] : []),
    signals.length > 3
      ? `${first} and ${signals.length - 3} more`
      : first || (hasLog ? 'with a log' : 'no log'),
  ].join(' · ');
}

/** `PilotNet: 3 flags, worst: off road`. */
export function analysisText({ network, flags, worst, isWhole }: DriveAnalysis): string {
  const part = isWhole ? '' : ' (of a part)';
  if (flags === 0) return `${network}: no flags${part}`;
  const count = `${flags} ${flags === 1 ? 'flag' : 'flags'}`;
  return `${network}: ${count}${worst ? `, worst: ${FLAG_KINDS[worst.kind]}` : ''}${part}`;
}

/** `10,000 drives`. */
export function drivesText(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'drive' : 'drives'}`;
}

/** Address of the pictures of a drive; another one when the drive is. */
export function stripAddress(id: string, modified: number): string {
  return `api/strip?${new URLSearchParams({ drive: id, of: String(modified) })}`;
}

/** `1.4 GB`, `20 MB`, `3 kB`. */
export function bytesText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}
