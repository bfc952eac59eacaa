import type { ErrorReport } from '../../shared/errors.ts';
import type { NetworkInput, NetworkOutput } from '../../shared/protocol/network-inputs.ts';

/** Letters. */
const LONGEST_REASON = 90;

/** What an input is fed with, in a few words. */
export function feedWords({ feed }: Pick<NetworkInput, 'feed'>): string {
  switch (feed.kind) {
    case 'picture': {
      const of = feed.camera === null ? 'the camera that is shown' : `camera ${feed.camera}`;
      if (feed.frames === 1) return `picture of ${of}`;
      const apart = feed.step === 1 ? '' : `, ${feed.step} frames apart`;
      return `${feed.frames} pictures of ${of}${apart}`;
    }
    case 'constant':
      return 'held constant';
    case 'signal': {
      const names = feed.signals.join(', ');
      const unit = feed.unit === null ? '' : ` in ${feed.unit}`;
      return feed.oneHot === null ? `${names}${unit}` : `${names}: one of ${feed.oneHot}`;
    }
    case 'state':
      return `${feed.of.join(' and ')} of the ${feed.isQueue ? 'frames' : 'frame'} before`;
  }
}

/** Why a network cannot be used, as long as a line of a menu holds. */
export function shortReason({ message }: Pick<ErrorReport, 'message'>): string {
  const text = `cannot be used: ${message}`;
  return text.length <= LONGEST_REASON ? text : `${text.slice(0, LONGEST_REASON - 1).trimEnd()}…`;
}

/** `[1, 3, 66, 200]`. */
export function shapeWords({ shape }: Pick<NetworkInput | NetworkOutput, 'shape'>): string {
  return `[${shape.join(', ')}]`;
}

/** A number as short as it is exact to three digits behind the point. */
export function plainNumber(value: number): string {
  return String(Number(value.toFixed(3)));
}

/** What stands where nothing is set by hand: of this frame, where it is logged. */
export function ownValues(
  { name, feed, settable }: NetworkInput,
  logged: Readonly<Record<string, readonly (number | null)[]>>,
): readonly (number | null)[] {
  if (feed.kind === 'constant')
    return Array.from({ length: settable }, (_, at) => feed.values[at % feed.values.length]!);
  return feed.kind === 'signal' ? (logged[name] ?? feed.signals.map(() => null)) : [];
}

/** What is set by hand, a few words each. */
export function setWords(inputs: Readonly<Record<string, readonly number[]>>): string {
  return Object.entries(inputs)
    .map(([name, values]) => `${name} ${values.map(plainNumber).join(', ')}`)
    .join(' · ');
}
