import { StringDecoder } from 'node:string_decoder';

/**
 * Calls `accept` with each line that is not blank, and its number from 1. Throws RangeError when a
 * line or all of them are longer than allowed: the bytes may come from a file that was made to
 * exhaust memory.
 */
export async function splitLines(
  bytes: AsyncIterable<Buffer>,
  limits: { readonly longestLine: number; readonly mostBytes: number },
  accept: (line: string, number: number) => void,
): Promise<void> {
  const decoder = new StringDecoder('utf8');
  /**
   * Pieces of the line that has not ended; joined once, so that a long line costs no more than its
   * length.
   */
  let pieces: string[] = [];
  let pending = 0;
  let number = 0;
  let total = 0;
  const take = (line: string): void => {
    number++;
    if (line.trim()) accept(line, number);
  };
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > limits.mostBytes)
      throw new RangeError(`it holds more than ${limits.mostBytes} bytes`);
    const lines = decoder.write(chunk).split('\n');
    for (const [index, piece] of lines.entries()) {
      pieces.push(piece);
      pending += piece.length;
      if (pending > limits.longestLine)
        throw new RangeError(`line ${number + 1} is longer than ${limits.longestLine} characters`);
      if (index === lines.length - 1) break;
      take(pieces.join(''));
      pieces = [];
      pending = 0;
    }
  }
  take(pieces.join('') + decoder.end());
}
