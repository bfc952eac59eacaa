/** At most so many different warnings are kept of one file. */
const MOST = 50;
const LONGEST = 300;

/**
 * What ffmpeg complained about: each complaint once, without memory addresses, no more than a
 * screenful or two.
 */
export class WarningList {
  readonly entries: string[] = [];
  /** The last error, for the sentence about a file of which nothing could be decoded. */
  lastError = '';
  readonly #seen = new Set<string>();

  /** A line of ffmpeg with `-loglevel level+…`: `[h264 @ 0x55d0] [error] text`. */
  add(line: string): void {
    const parts = /^(?:\[([^\]@]+?) @ [^\]]*\] )?\[(warning|error|fatal|panic)\] (.*)$/.exec(
      line.trim(),
    );
    if (!parts) return;
    const [, source, level, text] = parts;
    // The scaler's remarks on pixel formats are about ffmpeg's own defaults, not about the file.
    if (source === 'swscaler') return;
    // Old releases say this of their own WebP decoder.
    if (text === 'Multiple ff_thread_finish_setup() calls') return;
    // So are those on the few bytes that tell how a frame fits.
    if (text!.startsWith('The bitrate parameter is set too low')) return;
    const entry = `${source ? `${source}: ` : ''}${text}`.slice(0, LONGEST);
    if (level !== 'warning') this.lastError = entry;
    if (this.#seen.has(entry) || this.entries.length >= MOST) return;
    this.#seen.add(entry);
    this.entries.push(entry);
  }

  addOwn(text: string): void {
    if (this.entries.length < MOST) this.entries.push(text);
  }
}
