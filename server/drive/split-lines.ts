import { StringDecoder } from 'node:string_decoder';

/**
 * Calls `accept` with each line that is not blank, and its number from 1. Throws RangeError when a line or all of them
 * are longer than allowed: the bytes may come from a file that was made to exhaust memory.
 */
export async function splitLines(
  bytes: AsyncIterable<Buffer>,
  limits: { readonly longestLine: number; readonly mostBytes: number },
  accept: (line: string, number: number) => void,
): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let number = 0;
  let total = 0;
  const take = (line: string): void => {
    number++;
    if (line.trim()) accept(line, number);
  };
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > limits.mostBytes) throw new RangeError(`it holds more than ${limits.mostBytes} bytes`);
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) take(line);
    if (rest.length > limits.longestLine) throw new RangeError(`line ${number + 1} is longer than ${limits.longestLine} characters`);
  }
  take(rest + decoder.end());
}
