import type { ErrorReport } from '../../shared/errors.ts';
import { ENCODING_HINT, maskCredentials, type FeedAddress } from './feed-address.ts';
import type { KnownSource } from './stream-lines.ts';

/** Why a connection ended, and whether another attempt can bring anything. */
export interface ConnectionEnd {
  readonly reason: ErrorReport;
  /**
   * `now`: the source is there, and was only read in the wrong way. `later`: with growing pauses.
   * `never`: not before somebody acts.
   */
  readonly retry: 'now' | 'later' | 'never';
  /** What the source turned out to be, where the next connection must read it accordingly. */
  readonly source?: KnownSource;
  /** The ring could not begin: more of the stream must be read before. */
  readonly needsAnalysis?: boolean;
}

/** What ffmpeg's last error means. `decoded`: whether the connection gave pictures. */
export function endOf(address: FeedAddress, error: string, decoded: boolean): ConnectionEnd {
  const { label, scheme } = address;
  const text = maskCredentials(error);
  if (/\b40[13]\b|unauthorized|forbidden/i.test(text)) {
    return {
      reason: {
        code: 'FEED_UNAUTHORIZED',
        message: `${label} refuses access: ${text}.`,
        hint: `Put the user name and password of the camera into the address: scheme://user:password@host/path. ${ENCODING_HINT}`,
      },
      retry: decoded ? 'later' : 'never',
    };
  }
  if (
    /Protocol not found|Unknown input format|not on whitelist|not in the whitelist|not whitelisted/i.test(
      text,
    )
  ) {
    return {
      reason: {
        code: 'FFMPEG_FAILED',
        message: `${label} cannot be opened: ${text}.`,
        hint: "The source must be of a kind that Roadgaze opens, and ffmpeg must be built with it; Debian's and Ubuntu's are.",
      },
      retry: 'never',
    };
  }
  if (/dimensions not set|Could not write header|Error initializing output stream/.test(text))
    return { ...changed(address, 'it was joined between two keyframes'), needsAnalysis: true };
  if (/Invalid pts/.test(text)) return changed(address, 'its timestamps jump back');
  if (scheme === 'stdin') {
    return {
      reason: {
        code: 'FEED_UNREACHABLE',
        message: `stdin has ended${text ? `: ${text}` : ''}.`,
        hint: 'Start the program that writes the pictures again, together with Roadgaze.',
      },
      retry: 'never',
    };
  }
  const what = decoded ? 'has ended' : 'cannot be opened';
  return {
    reason: {
      code: 'FEED_UNREACHABLE',
      message: `${label} ${what}${text ? `: ${text}` : ''}.`,
      hint: 'It is tried again until it comes back; check that the source runs and can be reached from here.',
    },
    retry: 'later',
  };
}

export function changed({ label }: FeedAddress, what: string): ConnectionEnd {
  return {
    reason: {
      code: 'FEED_CHANGED',
      message: `${label} is opened again: ${what}.`,
      hint: 'Nothing needs to be done.',
    },
    retry: 'now',
  };
}

export function stalled({ label }: FeedAddress, seconds: number): ConnectionEnd {
  return {
    reason: {
      code: 'FEED_STALLED',
      message: `${label} gave no picture for ${seconds.toFixed(1)} s.`,
      hint: 'It is tried again until it comes back; check the camera and the network.',
    },
    retry: 'later',
  };
}
