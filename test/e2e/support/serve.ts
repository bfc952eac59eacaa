import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { writeReadingNetwork } from '../../api/support/reading-network.ts';
import { makeNumberedClip, type NumberedClip } from '../../support/clips.ts';
import { repositoryRoot } from '../../support/paths.ts';

export interface RunningServe {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** The command line's `serve` in a process of its own, on any free port unless one is given. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  ...args: readonly string[]
): Promise<RunningServe> {
  const port = args.includes('--port') ? [] : ['--port', '0'];
  const main = join(repositoryRoot, 'dist/node/server/cli/main.js');
  const child = spawn(
    process.execPath,
    [main, 'serve', ...args, ...port, '--provider', 'cpu', '--workers', '1'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  t.after(stop);
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
      const found = /http:\/\/\S+/.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    void exited.then(() => reject(new Error(`serve ended: ${said}`)));
  });
  return { url, port: Number(new URL(url).port), stop };
}

export interface NumberedDrive {
  readonly folder: string;
  readonly recordings: string;
  readonly network: string;
}

/**
 * Part of the frame, rows only, that the network of a numbered drive sees: so its mask lies on
 * these rows.
 */
export const SEEN_ROWS = { from: 0.5, to: 1 } as const;

/**
 * A folder with the drive `numbered.mp4`, whose frames show their number, its log, and a network
 * whose mask shows the number too, on the lower half of the frame, and whose steering is the
 * number. Driven is always one degree more.
 */
export async function makeNumberedDrive(
  folder: string,
  clip: NumberedClip = {},
  writeNetwork: typeof writeReadingNetwork = writeReadingNetwork,
): Promise<NumberedDrive> {
  const recordings = join(folder, 'drives');
  await mkdir(recordings);
  const { frames = 60, fps = 30 } = clip;
  const [width, height] = clip.size ?? [320, 180];
  await makeNumberedClip(join(recordings, 'numbered.mp4'), { ...clip, frames, fps });
  const rows = Array.from({ length: frames }, (_, frame) => `${frame / fps},${frame + 1}`);
  await writeFile(
    join(recordings, 'numbered.csv'),
    ['time,steering [deg]', ...rows, ''].join('\n'),
  );
  const network = await writeNetwork(folder, {
    name: 'reading',
    output: { quantity: 'angle', unit: 'deg', positive: 'left' },
  });
  const sidecarPath = join(folder, 'reading.json');
  const sidecar = JSON.parse(await readFile(sidecarPath, 'utf8')) as { input: object };
  const crop = {
    x: 0,
    y: height * SEEN_ROWS.from,
    width,
    height: height * (SEEN_ROWS.to - SEEN_ROWS.from),
    of: [width, height],
  };
  await writeFile(sidecarPath, JSON.stringify({ ...sidecar, input: { ...sidecar.input, crop } }));
  return { folder, recordings, network };
}
