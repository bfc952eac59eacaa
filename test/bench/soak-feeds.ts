import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseFeedAddress } from '../../server/live/feed-address.ts';
import { LiveFeed, type FeedSnapshot } from '../../server/live/live-feed.ts';
import type { FrameExplanation } from '../../server/pipeline/stream-explainer.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { repositoryRoot } from '../support/paths.ts';
import { descendants } from './processes.ts';

/**
 * The process whose memory, descriptors and children the soak counts: feeds as the product runs
 * them, and nothing else. Takes names and addresses in turn.
 */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes. */
  readonly memory: NodeJS.MemoryUsage;
  readonly descriptors: number;
  /** Processes below this one, and the memory (bytes) that they have resident. */
  readonly children: number;
  readonly childMemory: number;
  readonly feeds: readonly FeedSnapshot[];
}

export type SoakMessage =
  | { readonly kind: 'ready' }
  /**
   * An explained picture after a pause of so many seconds (null: the first one of all); `at` in
   * milliseconds since 1970.
   */
  | {
      readonly kind: 'picture';
      readonly feed: string;
      readonly at: number;
      readonly pause: number | null;
    }
  | { readonly kind: 'sample'; readonly sample: Sample }
  /** All feeds and networks are closed; what is left. */
  | { readonly kind: 'closed'; readonly children: number };

/** Seconds between two explained pictures that count as a pause. */
const PAUSE = 0.4;
const EVERY = 2000;

const send = (message: SoakMessage) => process.send!(message);

async function open(name: string, address: string) {
  const video = { width: 640, height: 360, colorSpace: 'unknown' };
  const modelPath = join(repositoryRoot, 'recordings', 'networks', 'pilotnet.onnx');
  const explainer = await openStreamExplainer({
    modelPath,
    road: { kind: 'none' },
    video,
    wish: { provider: 'cpu', workers: 1 },
  });
  const feed = await LiveFeed.open<FrameExplanation>({
    name,
    address: parseFeedAddress(address),
    images: explainer.images,
    display: { maxWidth: 640, quality: 5 },
    workers: explainer.provider.workers,
    explain: (images, time) => explainer.explain(images, time),
    ring: { maxBytes: 64 << 20, maxSeconds: 120 },
  });
  let last: number | null = null;
  feed.subscribe({
    frame: ({ explainedAt }) => {
      const seconds = last === null ? null : (explainedAt - last) / 1000;
      last = explainedAt;
      if (seconds === null || seconds > PAUSE)
        send({ kind: 'picture', feed: name, at: explainedAt, pause: seconds });
    },
    state: () => {},
  });
  return { feed, explainer };
}

/** ffmpeg and ffprobe. The process that made the networks ready waits a while for more of them. */
function programs(): ReturnType<typeof descendants> {
  return descendants(process.pid).filter(({ name }) => name.startsWith('ff'));
}

const wanted = process.argv.slice(2);
const feeds = await Promise.all(
  wanted.flatMap((name, index) => (index % 2 === 0 ? [open(name, wanted[index + 1]!)] : [])),
);
const timer = setInterval(() => {
  const children = programs();
  const sample = {
    at: Date.now(),
    memory: process.memoryUsage(),
    descriptors: readdirSync('/proc/self/fd').length,
    children: children.length,
    childMemory: children.reduce((sum, { bytes }) => sum + bytes, 0),
    feeds: feeds.map(({ feed }) => feed.snapshot()),
  };
  send({ kind: 'sample', sample });
}, EVERY);

process.once('message', async () => {
  clearInterval(timer);
  await Promise.all(feeds.map(({ feed }) => feed.close()));
  await Promise.all(feeds.map(({ explainer }) => explainer.close()));
  await pause(100);
  send({ kind: 'closed', children: programs().length });
  process.disconnect();
});
send({ kind: 'ready' });
