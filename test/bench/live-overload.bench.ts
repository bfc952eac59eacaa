import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { findTools } from '../../server/video/tools.ts';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { serve } from '../api/support/server.ts';
import { maskNumber, Viewer } from '../api/support/viewer.ts';
import { freeUdpPort } from '../live/support/sources.ts';
import { bars } from '../support/clips.ts';
import { median, quantile } from './measure.ts';

/*
 * `npm run bench`, or by itself with `--seconds 20 --json FILE`: a feed whose network takes three frame intervals. Delay is measured from a raw
 * picture that enters a zerolatency encoder to its mask at a viewer, who acknowledges it at once; the mask tells which picture it belongs to.
 */
const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, json: { type: 'string' } },
  strict: false,
});
const SECONDS = Number(options.seconds);
const [WIDTH, HEIGHT, FPS] = [320, 180, 15];
const INTERVAL = 1000 / FPS;
/** Frame intervals that one inference is to take. */
const SLOWNESS = 3;
const TRIAL_PASSES = 6;
/** Numbers of pictures begin again after so many. */
const NUMBERS = 4096;

type Ends = { after(end: () => unknown): void };

const stack: (() => unknown)[] = [];
const ends: Ends = { after: (end) => stack.push(end) };
try {
  const folder = await mkdtemp(join(tmpdir(), 'roadgaze-bench-'));
  ends.after(() => rm(folder, { recursive: true, force: true }));
  await measure(folder);
} finally {
  for (const end of stack.reverse()) await end();
}

async function measure(folder: string): Promise<void> {
  const trial = await inferenceTime(
    await writeReadingNetwork(folder, { name: 'trial', passes: TRIAL_PASSES }),
  );
  const passes = Math.max(1, Math.round((TRIAL_PASSES * SLOWNESS * INTERVAL) / trial));
  const network = await writeReadingNetwork(folder, { name: 'slow', passes });
  const server = await serve(
    { after: (end) => end && ends.after(end as () => unknown) },
    { recordings: folder, networks: [network], feeds: { ring: null, clips: null } },
  );
  const viewer = await Viewer.connect(server);
  ends.after(() => viewer.close());
  const port = await freeUdpPort();
  viewer.send({ type: 'add-feed', address: `udp://127.0.0.1:${port}` });
  const { feed } = await viewer.message('feed-added');
  const sent = await startSource(port);
  viewer.send({ type: 'watch', feed });
  await viewer.until(() => viewer.frames.length > 5);

  const first = viewer.frames.length;
  const atFirst = await viewer.message('feed-statistics', undefined, viewer.messages.length);
  const begin = performance.now();
  await sleep(SECONDS * 1000);
  const end = performance.now();
  const atLast = await viewer.message('feed-statistics', undefined, viewer.messages.length);
  const frames = viewer.frames
    .slice(first)
    .filter(({ arrived }) => arrived >= begin && arrived < end);
  const delays = frames.map((frame) => frame.arrived - sent.get(maskNumber(frame)!)!);
  // One inference begins when the one before it ends: a newer picture always waits.
  const inference = median(
    frames.slice(1).map(({ arrived }, index) => arrived - frames[index]!.arrived),
  );
  const limit = 2 * inference + 2 * INTERVAL;
  const [p50, p95, longest] = [0.5, 0.95, 1].map((part) => quantile(delays, part)) as [
    number,
    number,
    number,
  ];
  const dropped = {
    decode: atLast.dropped.decode - atFirst.dropped.decode,
    inference: atLast.dropped.inference - atFirst.dropped.inference,
    viewer: atLast.dropped.viewer - atFirst.dropped.viewer,
  };
  const decoded = atLast.decoded - atFirst.decoded;
  const explained = atLast.explained - atFirst.explained;
  const pictures = [...sent.values()].filter((at) => at >= begin && at < end).length;
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  console.log(
    `Overload, ${HEIGHT}p${FPS} over UDP, one worker: an inference takes ${ms(inference)}, ${(inference / INTERVAL).toFixed(1)} frame intervals`,
  );
  console.log(
    `Encoder to viewer: median ${ms(p50)}, p95 ${ms(p95)}, longest ${ms(longest)}; limit ${ms(limit)} (2 inferences and 2 frame intervals)`,
  );
  console.log(
    `Decoder to acknowledgement, as the server tells it: median ${ms(atLast.delay.painted!.p50)}, p95 ${ms(atLast.delay.painted!.p95)}`,
  );
  console.log(
    `${frames.length} of ${pictures} frames shown; of ${decoded} decoded ones ${explained} explained, dropped: ${dropped.inference} by the network, ${dropped.decode} by the decoder, ${dropped.viewer} by the viewer`,
  );
  if (typeof options.json === 'string') {
    await writeFile(
      options.json,
      `${JSON.stringify({ width: WIDTH, height: HEIGHT, fps: FPS, seconds: SECONDS, inference, limit, p50, p95, longest, sent: pictures, shown: frames.length, decoded, explained, dropped }, null, 1)}\n`,
    );
  }
  check(inference > 2 * INTERVAL, 'The network is not slow enough for this feed.');
  check(p95 <= limit, 'The 95th percentile of the delay is over the limit.');
  check(
    dropped.inference > 0 &&
      Math.abs(decoded - explained - dropped.inference - dropped.decode) <= 2,
    'The drops do not add up.',
  );
}

function check(holds: boolean, complaint: string): void {
  if (holds) return;
  console.log(complaint);
  process.exitCode = 1;
}

/** Milliseconds a frame, on one worker. */
async function inferenceTime(modelPath: string): Promise<number> {
  const video = { width: WIDTH, height: HEIGHT, colorSpace: 'unknown' };
  const explainer = await openStreamExplainer({
    modelPath,
    road: { kind: 'none' },
    video,
    methods: [{ id: 'visualbackprop' }],
    wish: { provider: 'cpu', workers: 1 },
  });
  const { millisecondsPerFrame } = explainer.provider;
  await explainer.close();
  return millisecondsPerFrame;
}

/**
 * Sends numbered pictures in real time; gives when each went into the encoder, by
 * `performance.now()`.
 */
async function startSource(port: number): Promise<ReadonlyMap<number, number>> {
  const { ffmpeg } = await findTools();
  const child = spawn(
    ffmpeg,
    [
      '-hide_banner',
      '-loglevel',
      'error',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'gray',
      '-s',
      `${WIDTH}x${HEIGHT}`,
      '-framerate',
      String(FPS),
      '-use_wallclock_as_timestamps',
      '1',
      '-i',
      'pipe:0',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-tune',
      'zerolatency',
      '-pix_fmt',
      'yuv420p',
      '-g',
      String(FPS),
      '-vsync',
      'passthrough',
      '-flush_packets',
      '1',
      '-muxdelay',
      '0',
      '-f',
      'mpegts',
      `udp://127.0.0.1:${port}?pkt_size=1316`,
    ],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const { stdin } = child;
  stdin.on('error', () => {});
  const sent = new Map<number, number>();
  const begin = performance.now();
  let tick = 0;
  let timer: NodeJS.Timeout;
  const next = () => {
    const number = tick % NUMBERS;
    sent.set(number, performance.now());
    stdin.write(picture(number));
    tick++;
    timer = setTimeout(next, begin + tick * INTERVAL - performance.now());
  };
  next();
  ends.after(async () => {
    clearTimeout(timer);
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  });
  return sent;
}

function picture(number: number): Buffer {
  const shown = bars(number);
  const row = Uint8Array.from(
    { length: WIDTH },
    (_, x) => 255 * shown[Math.floor((x * shown.length) / WIDTH)]!,
  );
  const bytes = Buffer.alloc(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) bytes.set(row, y * WIDTH);
  return bytes;
}
