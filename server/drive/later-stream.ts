import type { FrameStream } from '../video/frame-source.ts';

/** Frames of what must be found first: nothing is opened before the loop begins. */
export function laterStream<Found>(
  find: () => Promise<Found>,
  open: (found: Found) => FrameStream,
): FrameStream {
  let stream: FrameStream | null = null;
  let isClosed = false;
  return {
    get warnings() {
      return stream?.warnings ?? [];
    },
    async close() {
      isClosed = true;
      await stream?.close();
    },
    async *[Symbol.asyncIterator]() {
      const found = await find();
      if (isClosed) return;
      stream = open(found);
      yield* stream;
    },
  };
}
