import { execFile, fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { listening } from '../api/support/limited-serve.ts';
import { randomNumbers } from '../support/network.ts';
import { repositoryRoot } from '../support/paths.ts';
import { smallDisk, withoutMounts } from '../support/small-disk.ts';
import type { HealthTimes } from './chaos-health.ts';
import { fillDisk, killDecoders, spoilFiles, type Disturbed } from './chaos-disturbances.ts';
import { comeAndGo, newTally, type ViewerTally } from './chaos-viewers.ts';
import { median } from './measure.ts';
import { descendants, held } from './processes.ts';
import { udpSource } from './soak-sources.ts';

/** What the server holds when nobody watches. */
export interface Holding {
  readonly descriptors: number;
  readonly bytes: number;
  readonly children: readonly string[];
  readonly temporary: readonly string[];
}

export interface ChaosResult {
  readonly seconds: number;
  readonly before: Holding;
  readonly after: Holding;
  readonly tally: ViewerTally;
  readonly disturbed: Disturbed;
  /** While all went on. */
  readonly health: HealthTimes;
  /** States of the feeds at the end, as `/healthz` tells them. */
  readonly feeds: readonly { readonly state: string; readonly recording?: unknown }[];
  /** Whether the server ended by itself. */
  readonly ended: boolean;
  /** Analyses onto the full disk: exit status and first line of what they said. */
  readonly refused: readonly string[];
  readonly said: string;
  readonly load: number;
  /** Whose `malloc` the server has. */
  readonly allocator: string;
  /** null: the disk could be filled. */
  readonly withoutDisk: string | null;
}

const VIEWERS = 60;
const DISK_KIB = 128 * 1024;
/**
 * What nobody watches is kept open for a minute, and the process that made its network ready waits
 * another minute for more.
 */
const QUIET = 130_000;
const MAIN = join(repositoryRoot, 'dist/node/server/cli/main.js');
/**
 * What is to be seen is what the server holds. Left alone, the GNU C library keeps more than half of
 * what it has for itself, another share after each round of the same work.
 */
function allocator(): { readonly name: string; readonly env: NodeJS.ProcessEnv } {
  const library = /=> (\S+libjemalloc\.so\.2)$/m.exec(
    spawnSync('ldconfig', ['-p'], {
      encoding: 'utf8',
      env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    }).stdout ?? '',
  )?.[1];
  return library === undefined
    ? { name: 'GNU C library', env: { MALLOC_TRIM_THRESHOLD_: String(128 << 10) } }
    : {
        name: 'jemalloc',
        env: {
          LD_PRELOAD: library,
          MALLOC_CONF: 'background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0',
        },
      };
}

/**
 * Lets the real server live through everything at once, then leaves it alone, and counts. Linux
 * only.
 */
export async function runChaos({
  seconds,
  progress,
}: {
  readonly seconds: number;
  readonly progress: (line: string) => void;
}): Promise<ChaosResult> {
  const cleaning: (() => unknown)[] = [];
  const owner = { after: (work: () => unknown) => cleaning.push(work) } as unknown as Parameters<
    typeof udpSource
  >[0];
  const folder = await mkdtemp(join(tmpdir(), 'roadgaze-chaos-'));
  cleaning.push(() => rm(folder, { recursive: true, force: true }));
  try {
    const disk = withoutMounts ? join(folder, 'disk') : smallDisk(owner, DISK_KIB);
    await mkdir(disk, { recursive: true });
    const [drives, networks] = await Promise.all([
      copyDemos(folder, 'drives'),
      copyDemos(folder, 'networks'),
    ]);
    const whole = (kind: 'drives' | 'networks', name: string) =>
      join(repositoryRoot, 'recordings', kind, name);
    const victims = [
      {
        path: join(drives, 'victim-1.mp4'),
        whole: [whole('drives', 'motorway.mp4'), whole('drives', 'country-road.mp4')],
      },
      {
        path: join(drives, 'victim-2.mp4'),
        whole: [whole('drives', 'country-road.mp4'), whole('drives', 'misleading-signs.mp4')],
      },
      {
        path: join(drives, 'motorway.csv'),
        whole: [whole('drives', 'motorway.csv'), whole('drives', 'country-road.csv')],
      },
      {
        path: join(networks, 'victim.onnx'),
        whole: [
          whole('networks', 'pilotnet.onnx'),
          whole('networks', 'pilotnet-shortcut.onnx'),
          whole('networks', 'road-segmentation.onnx'),
        ],
      },
      {
        path: join(networks, 'victim.json'),
        whole: [whole('networks', 'pilotnet.json'), whole('networks', 'road-segmentation.json')],
      },
    ];
    for (const {
      path,
      whole: [first],
    } of victims)
      await copyFile(first!, path);
    const relayed = { datagrams: 0, dropped: 0, corrupted: 0 };
    const sources = [];
    for (const name of ['one', 'two']) {
      await mkdir(join(folder, name));
      sources.push(await udpSource(owner, join(folder, name), relayed));
    }
    const server = await startServe(disk, [
      drives,
      ...sources.map(({ address }) => address),
      '--model',
      networks,
      '--clips',
      join(disk, 'clips'),
      '--dvr-minutes',
      '2',
      '--dvr-bytes',
      '20M',
    ]);
    cleaning.push(() => server.child.kill('SIGKILL'));
    for (const source of sources) await source.start();

    const act = async (
      milliseconds: number,
      tally: ViewerTally,
      disturbances: (signal: AbortSignal) => readonly Promise<unknown>[],
    ) => {
      const stop = new AbortController();
      const viewers = Array.from({ length: VIEWERS }, (_, index) =>
        comeAndGo(server.port, randomNumbers(100 + index), tally, stop.signal),
      );
      const all = [...viewers, ...disturbances(stop.signal)];
      await Promise.race([pause(milliseconds), server.ended]);
      stop.abort();
      await Promise.all(all);
    };
    const holding = async (): Promise<Holding> => {
      await Promise.race([pause(QUIET), server.ended]);
      if (server.isRunning()) await collectGarbage(server);
      const samples = [];
      for (let n = 0; n < 20 && server.isRunning(); n++) {
        samples.push(held(server.pid));
        await pause(250);
      }
      return {
        descriptors: median(samples.map(({ descriptors }) => descriptors)),
        bytes: median(samples.map(({ bytes }) => bytes)),
        children: descendants(server.pid)
          .map(({ name }) => name)
          .sort(),
        temporary: (await readdir(disk))
          .filter((name) => /^\.?roadgaze-/.test(name))
          .map((name) => name.replace(/[^-]+$/, ''))
          .sort(),
      };
    };

    const refused: string[] = [];
    const disturb = (disturbed: Disturbed, signal: AbortSignal) => [
      killDecoders(server.pid, randomNumbers(1), disturbed, signal),
      spoilFiles(victims, randomNumbers(2), disturbed, signal),
      ...(withoutMounts
        ? []
        : [
            fillDisk(
              disk,
              randomNumbers(3),
              disturbed,
              async () => refused.push(await analyzeOnto(join(disk, 'results'))),
              signal,
            ),
          ]),
    ];

    progress('warm-up');
    await act(Math.max(60_000, 200 * seconds), newTally(), (signal) =>
      disturb({ killed: 0, files: 0, fills: 0 }, signal),
    );
    progress('quiet before');
    const before = await holding();
    progress('chaos');
    const tally = newTally();
    const disturbed = { killed: 0, files: 0, fills: 0 };
    let health: HealthTimes = { answers: [], machine: [] };
    await act(seconds * 1000, tally, (signal) => [
      ...disturb(disturbed, signal),
      askHealth(server.port, signal).then((times) => (health = times)),
    ]);
    const load = loadavg()[0]!;
    progress('quiet after');
    const after = await holding();
    const feeds = server.isRunning()
      ? (
          (await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).json()) as {
            feeds: ChaosResult['feeds'];
          }
        ).feeds
      : [];
    return {
      seconds,
      before,
      after,
      tally,
      disturbed,
      health,
      feeds,
      ended: !server.isRunning(),
      refused,
      said: server.said(),
      load,
      allocator: allocator().name,
      withoutDisk: withoutMounts || null,
    };
  } finally {
    for (const clean of cleaning.reverse()) await clean();
  }
}

async function copyDemos(folder: string, kind: 'drives' | 'networks'): Promise<string> {
  const from = join(repositoryRoot, 'recordings', kind);
  const to = join(folder, kind);
  await mkdir(to);
  for (const name of await readdir(from)) await copyFile(join(from, name), join(to, name));
  return to;
}

async function startServe(temporary: string, args: readonly string[]) {
  const child = spawn(
    process.execPath,
    [
      '--inspect-port=127.0.0.1:0',
      MAIN,
      'serve',
      ...args,
      '--port',
      '0',
      '--provider',
      'cpu',
      '--workers',
      '1',
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary, ...allocator().env },
    },
  );
  const ended = once(child, 'exit');
  const { port, said } = await listening(child);
  return {
    child,
    pid: child.pid!,
    port,
    ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    said,
  };
}

/**
 * V8 keeps room for garbage that is still to come, 20 MB more or less. Its inspector, which the
 * signal starts, takes that away.
 */
async function collectGarbage({ pid, said }: Awaited<ReturnType<typeof startServe>>) {
  const address = () => /Debugger listening on (ws:\/\/\S+)/.exec(said())?.[1];
  process.kill(pid, 'SIGUSR1');
  while (address() === undefined) await pause(50);
  const inspector = new WebSocket(address()!);
  await once(inspector, 'open');
  for (let id = 1; id <= 2; id++) {
    inspector.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
    await once(inspector, 'message');
  }
  inspector.close();
  await once(inspector, 'close');
  await pause(5000);
}

/** Refused with nothing left, or whole where the server has just made room. */
async function analyzeOnto(folder: string): Promise<string> {
  const drive = join(repositoryRoot, 'recordings/drives/motorway.mp4');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [
        MAIN,
        'analyze',
        drive,
        '--model',
        join(repositoryRoot, 'recordings/networks/pilotnet.onnx'),
        '--workers',
        '1',
        '-o',
        folder,
      ],
      { timeout: 60_000 },
      (error, _stdout, stderr) => {
        void readdir(folder)
          .catch(() => [])
          .then((left) =>
            resolve(
              `${error?.code ?? (error ? 'too slow' : 0)}, ${/error [A-Z_]+/.exec(stderr)?.[0] ?? 'no error'}, ${left.length} files left`,
            ),
          );
      },
    );
  });
}

/** Until `signal`. */
async function askHealth(port: number, signal: AbortSignal): Promise<HealthTimes> {
  const child = fork(fileURLToPath(new URL('./chaos-health.js', import.meta.url)), [String(port)]);
  const told = once(child, 'message');
  await new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  child.send('end');
  const [times] = (await told) as [HealthTimes];
  return times;
}
