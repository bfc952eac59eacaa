import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randomNumbers } from '../support/network.ts';
import type { Sample, SoakMessage } from './soak-feeds.ts';
import { rtspSource, udpSource, type RelayCounters, type SoakSource } from './soak-sources.ts';

/** One kill of a source. */
export interface Round {
  readonly feed: string;
  /** Seconds for which the source was gone. */
  readonly gone: number;
  /**
   * Seconds from the source being there again to the first explained picture; null: none came in
   * this round.
   */
  readonly back: number | null;
}

export interface SoakResult {
  readonly seconds: number;
  readonly roundSeconds: number;
  readonly rounds: readonly Round[];
  /** Seconds of pauses between pictures that no kill explains. */
  readonly pauses: readonly { readonly feed: string; readonly seconds: number }[];
  readonly samples: readonly Sample[];
  readonly relayed: RelayCounters;
  /** Mean of the machine's load over one minute, in each quarter. */
  readonly load: readonly number[];
  readonly childrenAtEnd: number;
}

export interface SoakRequest {
  readonly seconds: number;
  /** Seconds between two kills of a source. */
  readonly roundSeconds: number;
  /** Least and most seconds for which it is gone. */
  readonly gone: readonly [number, number];
  readonly progress?: (line: string) => void;
}

/**
 * Lets feeds run in a process of their own while their sources are killed and started again. Linux
 * only.
 */
export async function runSoak({
  seconds,
  roundSeconds,
  gone,
  progress = () => {},
}: SoakRequest): Promise<SoakResult> {
  const cleaning: (() => unknown)[] = [];
  const owner = { after: (work: () => unknown) => cleaning.push(work) } as unknown as Parameters<
    typeof rtspSource
  >[0];
  const folder = await mkdtemp(join(tmpdir(), 'roadgaze-soak-'));
  cleaning.push(() => rm(folder, { recursive: true, force: true }));
  try {
    const relayed = { datagrams: 0, dropped: 0, corrupted: 0 };
    const sources = [await udpSource(owner, folder, relayed), await rtspSource(owner)].filter(
      (source) => source !== null,
    );
    const feeds = fork(
      fileURLToPath(new URL('./soak-feeds.js', import.meta.url)),
      sources.flatMap(({ name, address }) => [name, address]),
    );
    cleaning.push(() => feeds.kill('SIGKILL'));
    const rounds: Round[] = [];
    const samples: Sample[] = [];
    const loads: number[] = [];
    const pictures = new Map(
      sources.map(({ name }) => [
        name,
        [] as { readonly at: number; readonly pause: number | null }[],
      ]),
    );
    let left: number | null = null;
    feeds.on('message', (message: SoakMessage) => {
      if (message.kind === 'picture') pictures.get(message.feed)!.push(message);
      else if (message.kind === 'sample') {
        loads.push(loadavg()[0]!);
        samples.push(message.sample);
      } else if (message.kind === 'closed') left = message.children;
    });
    const exited = once(feeds, 'exit').then(() => {
      if (left === null) throw new Error('The process of the feeds has ended by itself.');
    });
    exited.catch(() => {});
    await Promise.race([once(feeds, 'message'), exited]);
    const begin = Date.now();
    const random = randomNumbers(5);
    const drive = async (source: SoakSource, phase: number): Promise<void> => {
      await source.start();
      for (let round = 1; ; round++) {
        const killAt = begin + (round - phase) * roundSeconds * 1000;
        if (killAt + roundSeconds * 500 > begin + seconds * 1000)
          return void (await pause(begin + seconds * 1000 - Date.now()));
        await pause(killAt - Date.now());
        await source.kill();
        const away = random(...gone);
        await pause(away * 1000);
        const there = await source.start();
        const nextKill = killAt + roundSeconds * 1000;
        let first;
        while (!first && Date.now() < nextKill - 100) {
          first = pictures.get(source.name)!.find(({ at }) => at > there - 100);
          if (!first) await pause(20);
        }
        rounds.push({
          feed: source.name,
          gone: away,
          back: first ? Math.max(0, first.at - there) / 1000 : null,
        });
        progress(
          `${source.name}, round ${round}: ${first ? `back after ${((first.at - there) / 1000).toFixed(2)} s` : 'did not come back'}`,
        );
      }
    };
    await Promise.race([
      Promise.all(sources.map((source, index) => drive(source, index / sources.length))),
      exited.then(() => {}),
    ]);
    feeds.send({ kind: 'close' });
    await exited;
    const unexplained = [...pictures].flatMap(([feed, all]) => {
      const own = all
        .filter(({ pause: silence }) => silence !== null)
        .map(({ pause: silence }) => ({ feed, seconds: silence! }));
      const kills = rounds.filter((round) => round.feed === feed && round.back !== null);
      // Each return is one pause; all others are not explained by a kill. The shortest pauses are
      // taken for these.
      return own
        .sort((a, b) => a.seconds - b.seconds)
        .slice(0, Math.max(0, own.length - kills.length));
    });
    const quarter = Math.ceil(loads.length / 4);
    const load = [0, 1, 2, 3]
      .map((n) => loads.slice(n * quarter, (n + 1) * quarter))
      .map((part) => part.reduce((sum, value) => sum + value, 0) / part.length);
    return {
      seconds,
      roundSeconds,
      rounds,
      pauses: unexplained,
      samples,
      relayed,
      load,
      childrenAtEnd: left!,
    };
  } finally {
    for (const clean of cleaning.reverse()) await clean();
  }
}
