/**
 * Many viewers open and play at the same time: how long `/healthz` takes meanwhile, how many
 * programs run, and what is left when all are gone. `node dist/node/test/bench/crowd.bench.js
 * [viewers] [seconds]`. Linux only.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Restless } from '../api/support/restless.ts';
import { serveWithin } from '../api/support/limited-serve.ts';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { descendants } from './processes.ts';

const ASKING = `const { parentPort, workerData: { url, seconds } } = require('node:worker_threads');
(async () => {
  const times = [];
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const asked = performance.now();
    await (await fetch(url)).text();
    times.push(performance.now() - asked);
  }
  parentPort.postMessage(times.sort((a, b) => a - b));
})();`;
const viewers = Number(process.argv[2] ?? 500);
const seconds = Number(process.argv[3] ?? 20);
const cleaning: (() => unknown)[] = [];
const owner = { after: (work: () => unknown) => cleaning.push(work) } as unknown as Parameters<
  typeof serveWithin
>[0];
const folder = await mkdtemp(join(tmpdir(), 'roadgaze-bench-'));
cleaning.unshift(() => rm(folder, { recursive: true, force: true }));
try {
  await makeNumberedClip(join(folder, 'a.mp4'), { frames: 1500, size: [640, 360] });
  const { child, port } = await serveWithin(
    owner,
    'true',
    folder,
    '--model',
    await writeReadingNetwork(folder),
  );
  const programs = () =>
    descendants(child.pid!).filter(({ name }) => /^ff(mpeg|probe)/.test(name)).length;
  const megabytes = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
  const before = megabytes();
  const crowd = Array.from({ length: viewers }, () => new Restless(port, 'a.mp4'));
  // In a thread of its own: here the crowd itself takes its time.
  const asking = new Worker(ASKING, {
    eval: true,
    workerData: { url: `http://127.0.0.1:${port}/healthz`, seconds },
  });
  const answer = once(asking, 'message') as Promise<[number[]]>;
  let most = 0;
  for (let second = 0; second < seconds; second++) {
    most = Math.max(most, programs());
    await pause(1000);
  }
  const [times] = await answer;
  const at = (share: number) =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))]!.toFixed(0);
  const codes = new Map<string, number>();
  for (const code of crowd.flatMap((each) => each.codes))
    codes.set(code, (codes.get(code) ?? 0) + 1);
  console.log(
    `${viewers} viewers, ${seconds} s, load ${loadavg()[0]!.toFixed(1)}: /healthz p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms; at most ${most} ffmpeg and ffprobe`,
  );
  console.log(
    `opened: ${crowd.filter(({ opened }) => opened).length}, with pictures: ${crowd.filter(({ frames }) => frames > 0).length}, errors: ${JSON.stringify(Object.fromEntries(codes))}, memory ${before.toFixed(0)} → ${megabytes().toFixed(0)} MB`,
  );
  await Promise.all(crowd.map((each) => each.leave()));
  await pause(2000);
  console.log(`all gone: ${programs()} programs, ${megabytes().toFixed(0)} MB`);
} finally {
  for (const clean of cleaning.reverse()) await clean();
}
