import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { findTools } from '../../server/video/tools.ts';
import { closeBrowserAfter, openPage, withoutBrowser } from '../e2e/support/browser.ts';
import { serve } from '../e2e/support/serve.ts';
import { until } from '../e2e/support/until.ts';
import { freeUdpPort, rtspServerIsMissing } from '../live/support/sources.ts';
import { bars, readFrameNumber } from '../support/clips.ts';
import { repositoryRoot } from '../support/paths.ts';
import { quantile } from './measure.ts';

/*
 * `npm run bench`, or by itself with `--seconds 30 --json FILE`: from a raw picture that enters a zerolatency encoder to its mask on the screen of a
 * real browser. Source, encoder, server and browser are all on this machine. The source draws the number of the picture into it, and writes
 * down when it hands the picture on; the page reads the number out of its own pixels after the animation frame in which it was drawn.
 */
const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '30' }, json: { type: 'string' } },
  strict: false,
});
const SECONDS = Number(options.seconds);
const [WIDTH, HEIGHT, FPS] = [1280, 720, 30];
/** Milliseconds, 95th percentile. */
const LIMIT = 150;
/** Numbers of pictures begin again after so many. */
const NUMBERS = 4096;

const texture = smoothNoise(WIDTH * 2, HEIGHT / 2);

interface Source {
  readonly child: ChildProcess;
  readonly address: string;
}

interface Result {
  readonly transport: string;
  readonly p50: number;
  readonly p95: number;
  readonly longest: number;
  readonly sent: number;
  readonly painted: number;
  /** Of the machine, over the minute before the end. */
  readonly load: number;
}

type Ends = { after(end: () => unknown): void };

/**
 * Records the pixels at the bars and the time, in a task after the animation frame in which
 * something was painted.
 */
const PAINT_TIMES = `
  window.paintTimes = [];
  {
    const next = requestAnimationFrame.bind(window);
    const { port1, port2 } = new MessageChannel();
    let painted = 0;
    port2.onmessage = () => {
      const at = Date.now();
      const canvas = document.querySelector('canvas.picture');
      const overlay = document.querySelector('canvas.overlay');
      const row = (from, share) => from.getContext('2d').getImageData(0, Math.floor(share * from.height), from.width, 1).data;
      const data = row(canvas, 0.9);
      const bars = Array.from({ length: 16 }, (_, bar) => data[Math.floor(((bar + 0.5) / 16) * canvas.width) * 4 + 1]);
      const isMasked = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].some((share) => row(overlay, share).some((value, index) => index % 4 === 3 && value > 0));
      window.paintTimes.push({ at, bars, isMasked });
    };
    window.requestAnimationFrame = (act) => next((time) => {
      act(time);
      const now = window.roadgaze?.painted ?? 0;
      if (now === painted) return;
      painted = now;
      port1.postMessage(0);
    });
  }
`;

if (withoutBrowser) {
  console.log(`Delay of live feeds: left out, ${withoutBrowser}.`);
} else {
  const results: Result[] = [];
  let closeBrowser: unknown;
  closeBrowserAfter({ after: (end) => void (closeBrowser = end) });
  results.push(await measure('UDP', (ends) => startUdp(ends, [])));
  results.push(
    await measure('UDP, its packet lengths written', (ends) =>
      startUdp(ends, ['-omit_video_pes_length', '0']),
    ),
  );
  const missing = rtspServerIsMissing();
  if (missing) console.log(`Delay over RTSP: left out, ${missing}.`);
  else results.push(await measure('RTSP', startRtsp));
  await (closeBrowser as () => Promise<void>)();
  for (const { transport, p50, p95, longest, sent, painted, load } of results) {
    console.log(
      `Encoder to painted mask, ${HEIGHT}p${FPS} over ${transport}: median ${p50} ms, p95 ${p95} ms, longest ${longest} ms; ${painted} of ${sent} frames painted, load average ${load.toFixed(1)}`,
    );
  }
  if (typeof options.json === 'string')
    await writeFile(
      options.json,
      `${JSON.stringify({ width: WIDTH, height: HEIGHT, fps: FPS, seconds: SECONDS, limit: LIMIT, results }, null, 1)}\n`,
    );
  if (results.some(({ p95 }) => !(p95 <= LIMIT))) {
    console.log(`The 95th percentile is not within ${LIMIT} ms.`);
    process.exitCode = 1;
  }
}

async function measure(transport: string, start: (ends: Ends) => Promise<Source>): Promise<Result> {
  const stack: (() => unknown)[] = [];
  const ends: Ends = { after: (end) => stack.push(end) };
  try {
    const { child, address } = await start(ends);
    const sent = new Map<number, number>();
    const stop = send(child, sent);
    ends.after(stop);
    const network = join(repositoryRoot, 'recordings/networks/pilotnet.onnx');
    const server = await serve(
      { after: (end) => end && ends.after(end as () => unknown) },
      address,
      '--model',
      network,
      '--road',
      'none',
      '--no-clips',
    );
    const { page } = await openPage('about:blank');
    ends.after(() => page.context().close());
    await page.addInitScript(PAINT_TIMES);
    await page.goto(server.url);
    await until(page, 'window.roadgaze?.painted > 60');
    const begin = Date.now();
    await page.evaluate('paintTimes.length = 0');
    await sleep(SECONDS * 1000);
    return summary(transport, sent, await paints(page), begin, Date.now());
  } finally {
    for (const end of stack.reverse()) await end();
  }
}

async function paints(page: Page): Promise<Map<number, number>> {
  const samples =
    await page.evaluate<{ at: number; bars: number[]; isMasked: boolean }[]>('paintTimes');
  const first = new Map<number, number>();
  for (const { at, bars: seen, isMasked } of samples) {
    const number = readFrameNumber(Uint8Array.from(seen), 16, 1);
    if (number !== null && isMasked && !first.has(number)) first.set(number, at);
  }
  return first;
}

function summary(
  transport: string,
  sent: ReadonlyMap<number, number>,
  painted: ReadonlyMap<number, number>,
  begin: number,
  end: number,
): Result {
  // Those sent last may still be under way.
  const measured = [...sent].filter(([, at]) => at >= begin && at < end - 1000);
  const delays = measured.flatMap(([number, at]) =>
    painted.has(number) ? [painted.get(number)! - at] : [],
  );
  const [p50, p95, longest] = [0.5, 0.95, 1].map((part) => quantile(delays, part)) as [
    number,
    number,
    number,
  ];
  return {
    transport,
    p50,
    p95,
    longest,
    sent: measured.length,
    painted: delays.length,
    load: loadavg()[0]!,
  };
}

/**
 * Hands pictures to the encoder at their rate, and writes down when; one that finds the encoder
 * busy is not made. Gives how to stop.
 */
function send({ stdin }: ChildProcess, sent: Map<number, number>): () => void {
  stdin!.on('error', () => {});
  const begin = performance.now();
  let tick = 0;
  let number = 0;
  let timer: NodeJS.Timeout;
  const next = () => {
    tick++;
    if (!stdin!.writableNeedDrain) {
      const bytes = picture(number);
      sent.set(number, Date.now());
      stdin!.write(bytes);
      number = (number + 1) % NUMBERS;
    }
    timer = setTimeout(next, begin + (tick * 1000) / FPS - performance.now());
  };
  next();
  return () => clearTimeout(timer);
}

/** I420: a landscape that moves, so that the encoder has work, and below it the number. */
function picture(number: number): Buffer {
  const bytes = Buffer.alloc((WIDTH * HEIGHT * 3) / 2, 128);
  const shift = (number * 5) % WIDTH;
  for (let y = 0; y < HEIGHT / 2; y++)
    bytes.set(texture.subarray(y * WIDTH * 2 + shift, y * WIDTH * 2 + shift + WIDTH), y * WIDTH);
  const shown = bars(number);
  const row = Uint8Array.from(
    { length: WIDTH },
    (_, x) => 16 + 219 * shown[Math.floor((x * shown.length) / WIDTH)]!,
  );
  for (let y = HEIGHT / 2; y < HEIGHT; y++) bytes.set(row, y * WIDTH);
  return bytes;
}

/** Bytes of brightness, the same in every run: noise on several scales. */
function smoothNoise(width: number, height: number): Uint8Array {
  const random = (x: number, y: number) => {
    const mixed = Math.imul(x, 374761393) + Math.imul(y, 668265263);
    return ((Math.imul(mixed ^ (mixed >>> 13), 1274126177) >>> 16) & 255) / 255;
  };
  const values = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      values[y * width + x] =
        40 +
        100 * random(x >> 6, y >> 6) +
        60 * random(x >> 4, y >> 4) +
        25 * random(x >> 1, y >> 1);
  }
  return values;
}

async function startUdp(ends: Ends, muxing: readonly string[]): Promise<Source> {
  const port = await freeUdpPort();
  const { ffmpeg } = await findTools();
  const child = startSource(ends, ffmpeg, [
    '-hide_banner',
    '-loglevel',
    'error',
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
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
    '-b:v',
    '4M',
    '-g',
    String(FPS),
    '-vsync',
    'passthrough',
    '-flush_packets',
    '1',
    '-muxdelay',
    '0',
    ...muxing,
    '-f',
    'mpegts',
    `udp://127.0.0.1:${port}?pkt_size=1316`,
  ]);
  return { child, address: `udp://127.0.0.1:${port}` };
}

async function startRtsp(ends: Ends): Promise<Source> {
  const child = startSource(ends, '/usr/bin/python3', [
    join(repositoryRoot, 'test/bench/rtsp-source.py'),
    String(WIDTH),
    String(HEIGHT),
    String(FPS),
  ]);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, address: `rtsp://127.0.0.1:${Number(line.toString())}/road` };
}

function startSource(ends: Ends, program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.after(async () => {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  });
  return child;
}
