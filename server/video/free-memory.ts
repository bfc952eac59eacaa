import { MessageChannel } from 'node:worker_threads';

/** Less than this is not worth the call. */
const WORTHWHILE = 16_384;

const { port1: nobody, port2 } = new MessageChannel();
port2.close();
nobody.unref();

/**
 * Gives the memory of bytes back at once: they are empty from then on. Garbage collection would do
 * it later, but counts such memory: of a stream of pictures it would look through the whole heap
 * every few hundred frames. Bytes that share their memory stay as they are.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (byteLength >= WORTHWHILE && buffer instanceof ArrayBuffer && byteLength === buffer.byteLength)
    nobody.postMessage(null, [buffer]);
}
