import { isIP } from 'node:net';
import type { FeedScheme } from './feed-scheme.ts';

/** What an option of an address may be. */
interface OptionKind {
  readonly fits: (value: string) => boolean;
  /** As the end of "must be". */
  readonly form: string;
}

const whole = (least: number, most: number): OptionKind => ({
  fits: (value) => /^-?\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most,
  form: `a whole number from ${least} to ${most}`,
});
const oneOf = (...values: readonly string[]): OptionKind => ({
  fits: (value) => values.includes(value),
  form: values.join(' or '),
});
const ADDRESS: OptionKind = { fits: (value) => isIP(value) !== 0, form: 'an IP address' };
const ADDRESSES: OptionKind = {
  fits: (value) => value.length < 1000 && value.split(',').every((one) => isIP(one) !== 0),
  form: 'IP addresses with commas between them',
};
const text = (least: number, most: number): OptionKind => ({
  fits: (value) => value.length >= least && value.length <= most,
  form: `${least} to ${most} characters long`,
});

const DATAGRAM = {
  localaddr: ADDRESS,
  reuse: oneOf('0', '1'),
  sources: ADDRESSES,
  block: ADDRESSES,
  buffer_size: whole(1, 2 ** 26),
  pkt_size: whole(188, 65_507),
};

/**
 * Options that ffmpeg reads out of an address itself; the queries of other protocols are for the
 * other side. What is not listed could name files, or take any memory.
 */
const OPTIONS: Partial<Record<FeedScheme, Readonly<Record<string, OptionKind>>>> = {
  // Packets of 188 bytes: 47 MiB at most.
  udp: { ...DATAGRAM, fifo_size: whole(1, 2 ** 18) },
  rtp: DATAGRAM,
  srt: {
    mode: oneOf('caller', 'listener'),
    latency: whole(0, 60_000_000),
    passphrase: text(10, 79),
    pbkeylen: oneOf('16', '24', '32'),
    streamid: text(1, 512),
    pkt_size: whole(188, 1456),
    rcvbuf: whole(1500, 2 ** 28),
    maxbw: whole(-1, 1e11),
  },
};

/**
 * Why these options of an address are refused, as the end of a sentence; null where all are well.
 * Never holds a value, which may be a secret.
 */
export function optionFault(
  scheme: FeedScheme,
  options: readonly (readonly [name: string, value: string])[],
): string | null {
  const known = OPTIONS[scheme];
  if (!known) return null;
  const seen = new Set<string>();
  for (const [name, value] of options) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!kind)
      return `\`${name}\` is not an option of ${scheme}, which has ${Object.keys(known).join(', ')}`;
    // ffmpeg would take the first one, others the last.
    if (seen.has(name)) return `\`${name}\` is named twice`;
    seen.add(name);
    if (!kind.fits(value)) return `\`${name}\` must be ${kind.form}`;
  }
  return null;
}
