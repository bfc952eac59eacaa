import { readdirSync, readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { parseFeedAddress } from '../../../server/live/feed-address.ts';
import type { FeedStatus } from '../../../shared/protocol/summaries.ts';
import {
  LiveDecoder,
  type LiveDecoderOptions,
  type LiveFrame,
} from '../../../server/live/live-decoder.ts';

export const IMAGE = {
  crop: null,
  width: 64,
  height: 24,
  pixelFormat: 'gray',
  resize: 'area',
} as const;
export const DISPLAY = { maxWidth: 96, quality: 5 } as const;

export interface WatchedFeed {
  readonly decoder: LiveDecoder;
  readonly frames: LiveFrame[];
  readonly states: FeedStatus[];
  /** Resolves with the first frame from now on, or `from`, that is as asked. */
  frame(matches?: (frame: LiveFrame) => boolean, from?: number): Promise<LiveFrame>;
  /** Resolves with the first state, since the beginning or `from`, that is as asked. */
  state<Name extends FeedStatus['name']>(
    name: Name,
    from?: number,
  ): Promise<Extract<FeedStatus, { name: Name }>>;
}

/** Opens a feed until the test ends. */
export function watch(
  t: Pick<TestContext, 'after'>,
  address: string,
  options: Partial<LiveDecoderOptions> = {},
): WatchedFeed {
  const frames: LiveFrame[] = [];
  const states: FeedStatus[] = [];
  const waiting = new Set<() => void>();
  const decoder = new LiveDecoder(
    {
      address: parseFeedAddress(address),
      images: [IMAGE],
      display: DISPLAY,
      ring: null,
      ...options,
    },
    {
      frame: (frame) => {
        frames.push(frame);
        for (const look of waiting) look();
      },
      state: (state) => {
        states.push(state);
        for (const look of waiting) look();
      },
    },
  );
  t.after(() => decoder.close());
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    decoder,
    frames,
    states,
    frame: (matches = () => true, from = frames.length) =>
      until(() => frames.slice(from).find(matches)),
    state: (name, from = 0) =>
      until(() =>
        states
          .slice(from)
          .find(
            (state): state is Extract<FeedStatus, { name: typeof name }> => state.name === name,
          ),
      ),
  };
}

/**
 * Process ids of ffmpeg below this process, or whoever `parent` is (null: below any), whose command
 * line holds the text.
 */
export function decoderProcesses(text: string, parent: number | null = process.pid): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isChild =
          parent === null ||
          new RegExp(`\\) \\S ${parent} `).test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
        const args = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return isChild && args.includes('-filter_complex') && args.includes(text);
      } catch {
        return false;
      }
    });
}
