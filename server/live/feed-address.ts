import { RoadgazeError } from '../../shared/errors.ts';
import { optionFault } from './address-options.ts';
import type { FeedScheme } from './feed-scheme.ts';

/**
 * Where pictures come from. Made by `parseFeedAddress` only, which refuses whatever could reach
 * files or other programs.
 */
export interface FeedAddress {
  readonly scheme: FeedScheme;
  /** As ffmpeg takes it. May hold credentials: never shown and never logged. */
  readonly url: string;
  /** For people: user name, password and SRT passphrase are masked. */
  readonly label: string;
  /** The source comes to us (UDP, RTP, listeners, stdin), so that waiting for it is no failure. */
  readonly listens: boolean;
}

const LONGEST = 2048;
const MASK = '***';

const SCHEMES: readonly string[] = ['rtsp', 'rtsps', 'rtmp', 'srt', 'udp', 'rtp', 'http', 'https'];
const NEED_PORT = new Set<FeedScheme>(['udp', 'rtp', 'srt']);
const HINT =
  'Name an address that begins with rtsp://, rtsps://, rtmp://, srt://, udp://, rtp://, http:// or https://, a camera such as /dev/video0, or - for stdin.';
const OPTION_HINT = 'Correct that option, or leave it out.';

/**
 * Ends a sentence about credentials; the code of a character that means something else in an
 * address stands for it.
 */
export const ENCODING_HINT =
  'In user name and password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, ^ as %5E and % as %25.';

/** User name and password of every address in a text, and SRT passphrases. */
export function maskCredentials(text: string): string {
  return text
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#'"]*@/gi, `$1${MASK}@`)
    .replaceAll(
      /([?&](?:passphrase|password|passwd|pass|pwd|token|key|secret)=)[^&\s'"]*/gi,
      `$1${MASK}`,
    );
}

/** Throws FEED_ADDRESS_INVALID. */
export function parseFeedAddress(text: string): FeedAddress {
  if (text === '-') return { scheme: 'stdin', url: 'pipe:0', label: 'stdin', listens: true };
  if (/^\/dev\/video\d{1,3}$/.test(text))
    return { scheme: 'camera', url: text, label: text, listens: false };
  // RTMP reads options behind spaces; nothing else that an address may hold lies outside these
  // characters.
  if (text.length > LONGEST || !/^[\x21-\x7e]+$/.test(text) || /["'<>\\^`{|}]/.test(text))
    throw refused(
      text,
      text.length > LONGEST
        ? `it is longer than ${LONGEST} characters`
        : 'it holds a space or a character that no address has',
    );
  const parts =
    /^([a-z]+):\/\/(?:([^@/?#]*)@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]*)(?::(\d{1,5}))?(\/[^?#]*)?(?:\?([^#]*))?$/i.exec(
      text,
    );
  const scheme =
    parts?.[1]?.toLowerCase() ?? /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || !SCHEMES.includes(scheme))
    throw refused(
      text,
      scheme === undefined
        ? 'it is not a network address'
        : `\`${scheme}:\` is not a protocol of live feeds`,
    );
  if (!parts)
    throw refused(text, 'host, port and path do not have the form scheme://host:port/path');
  if (isTornPassword(parts) || /%(?![0-9a-f]{2})/i.test(parts[2] ?? ''))
    throw refused(text, 'its user name or password cannot be told from the rest');
  return read(text, scheme as FeedScheme, { host: parts[3]!, port: parts[4], query: parts[6] });
}

function read(
  text: string,
  scheme: FeedScheme,
  { host, port, query }: { host: string; port: string | undefined; query: string | undefined },
): FeedAddress {
  if (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65535))
    throw refused(text, `there is no port ${port}`);
  if (NEED_PORT.has(scheme) && port === undefined) throw refused(text, 'it needs a port');
  const named = (query ?? '')
    .split('&')
    .filter(Boolean)
    .map(
      (option) =>
        [
          option.split('=', 1)[0]!,
          option.includes('=') ? option.slice(option.indexOf('=') + 1) : '',
        ] as const,
    );
  const fault = optionFault(scheme, named);
  if (fault !== null) throw refused(text, fault, OPTION_HINT);
  const options = new Map(named);
  const address = (listens: boolean, url = text): FeedAddress => ({
    scheme,
    url,
    label: maskCredentials(text),
    listens,
  });
  if (scheme === 'udp' || scheme === 'rtp') return address(true);
  if (scheme === 'srt') {
    const mode = options.get('mode') ?? 'caller';
    if (mode === 'caller' && host === '') throw refused(text, 'it names no host to call');
    return address(mode === 'listener');
  }
  if (host === '') throw refused(text, 'it names no host');
  if (scheme === 'rtmp' && options.has('listen'))
    return address(options.get('listen') === '1', withoutListen(text));
  // ffmpeg would become an RTSP server itself.
  if ((scheme === 'rtsp' || scheme === 'rtsps') && options.has('listen'))
    throw refused(text, 'listening is for RTMP and SRT');
  return address(false);
}

function withoutListen(text: string): string {
  return text.replace(/([?&])listen=[^&]*&?/, '$1').replace(/[?&]$/, '');
}

/**
 * A slash or question mark in a password makes its user a host and its digits a port:
 * `rtsp://me:12/34@camera/x`.
 */
function isTornPassword(parts: RegExpExecArray): boolean {
  const [, , user, host = '', port, path = '', query = ''] = parts;
  return (
    user === undefined &&
    port !== undefined &&
    !/[.:]|^localhost$/i.test(host) &&
    /@[\w.-]+/.test(`${path}?${query}`)
  );
}

function refused(text: string, why: string, hint?: string): RoadgazeError {
  // Whatever stands between a scheme and the last @ may be a password with such characters in it,
  // whole or in part.
  const mayHoldPassword = /:\/\/[^@]+@/s.test(text);
  const shown = maskCredentials(text.replace(/:\/\/.*@/s, `://${MASK}@`).slice(0, 200));
  const isAboutPassword =
    mayHoldPassword && /:\/\/.*[@:/?#^%].*@/s.test(text.replace(/(:\/\/[^:@]*):/, '$1'));
  return new RoadgazeError(
    'FEED_ADDRESS_INVALID',
    `${shown} is not opened as a live feed: ${why}.`,
    hint ?? (isAboutPassword ? ENCODING_HINT : HINT),
  );
}
