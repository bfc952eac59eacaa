import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RoadgazeError } from '../../shared/errors.ts';

/** The programs that read and write video, and the spellings that differ between their releases. */
export interface VideoTools {
  readonly ffmpeg: string;
  readonly ffprobe: string;
  /** As ffmpeg names itself, e.g. `5.1.9-0+deb12u1`. */
  readonly version: string;
  /**
   * Hands every decoded frame on once: `-fps_mode passthrough` since 5.1, `-vsync passthrough`
   * before.
   */
  readonly passthrough: readonly string[];
  /**
   * Keeps the time base of the file: `-enc_time_base demux` since 6.1, `-enc_time_base -1` before.
   */
  readonly fileTimeBase: readonly string[];
  /**
   * Gives packets of a copied stream that come without a time one: at the beginning 0 or that of
   * the next, else just after the one before. MPEG-TS cannot begin without. None before 5.1.
   */
  readonly copiedTimes: readonly string[];
  /**
   * Gives each packet a duration, which is how long the last picture is shown; nothing before 4.4.
   */
  packetDuration(ticks: number): readonly string[];
  /**
   * Adds to the time of each packet so many seconds as often as there were packets before it;
   * nothing before 4.4.
   */
  countedTimes(seconds: number): readonly string[];
  /** MP4 tells a late start in these units; releases before 5.0 know only milliseconds. */
  movieTimeScale(unitsPerSecond: number): readonly string[];
}

/** Where the setup notes an ffmpeg that is neither on the PATH nor named in the environment. */
export const TOOLS_FILE = join('.roadgaze', 'ffmpeg', 'tools.json');

/**
 * For ffprobe. Statically linked ones (npm's) crash on MPEG-TS when they load the system's
 * character set converters for the names of programmes: they find none.
 */
export const PROBE_ENVIRONMENT = { ...process.env, GCONV_PATH: '/nonexistent' };

const run = promisify(execFile);

function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function onPath(name: string): Promise<string | null> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return null;
}

async function noted(name: 'ffmpeg' | 'ffprobe', file: string): Promise<string | null> {
  try {
    const path = (JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>)[name];
    return typeof path === 'string' && (await isExecutable(path)) ? path : null;
  } catch {
    return null;
  }
}

async function find(name: 'ffmpeg' | 'ffprobe', file: string): Promise<string> {
  const variable = `ROADGAZE_${name.toUpperCase()}`;
  const named = process.env[variable];
  if (named) {
    if (await isExecutable(named)) return named;
    throw new RoadgazeError(
      'FFMPEG_MISSING',
      `${variable} names ${named}, which cannot be run.`,
      `Correct or unset ${variable}.`,
    );
  }
  const path = (await onPath(name)) ?? (await noted(name, file));
  if (path) return path;
  throw new RoadgazeError(
    'FFMPEG_MISSING',
    `${name} is neither on the PATH nor installed by the set-up.`,
    `Install it (Debian, Ubuntu: apt install ffmpeg), or name it in ${variable}.`,
  );
}

/** Release name, and libavcodec's version, which unlike the former is a number in every build. */
export function parseVersion(banner: string): {
  readonly version: string;
  readonly libavcodec: number;
} {
  const version = /^ffmpeg version (\S+)/m.exec(banner)?.[1] ?? 'unknown';
  const library = /^\s*libavcodec\s+(\d+)\.\s*(\d+)/m.exec(banner);
  return { version, libavcodec: library ? Number(library[1]) * 1000 + Number(library[2]) : 0 };
}

/** The options a build of this libavcodec version (major × 1000 + minor) understands. */
export function spellings(libavcodec: number): Omit<VideoTools, 'ffmpeg' | 'ffprobe' | 'version'> {
  return {
    passthrough: libavcodec >= 59037 ? ['-fps_mode', 'passthrough'] : ['-vsync', 'passthrough'],
    fileTimeBase: ['-enc_time_base', libavcodec >= 60031 ? 'demux' : '-1'],
    copiedTimes:
      libavcodec >= 59037
        ? [
            '-bsf:v',
            "setts=pts='if(eq(PTS,NOPTS),if(N,PREV_OUTPTS+1,if(lt(NEXT_PTS*TB,1),0,NEXT_PTS)),PTS)'",
          ]
        : [],
    packetDuration: (ticks) =>
      libavcodec >= 58134 ? ['-bsf:v', `setts=pts=PTS:dts=DTS:duration=${ticks}`] : [],
    countedTimes: (seconds) =>
      libavcodec >= 58134
        ? ['-bsf:v', `setts=pts='PTS+N*round(${seconds}/TB)':dts='DTS+N*round(${seconds}/TB)'`]
        : [],
    movieTimeScale: (units) =>
      libavcodec >= 59000 && units < 2 ** 31 ? ['-movie_timescale', String(units)] : [],
  };
}

async function lookUp(file: string): Promise<VideoTools> {
  const [ffmpeg, ffprobe] = await Promise.all([find('ffmpeg', file), find('ffprobe', file)]);
  let banner: string;
  try {
    banner = (await run(ffmpeg, ['-version'])).stdout;
  } catch (cause) {
    throw new RoadgazeError(
      'FFMPEG_MISSING',
      `${ffmpeg} does not run.`,
      'Install ffmpeg again, or name a working one in ROADGAZE_FFMPEG.',
      { cause },
    );
  }
  const { version, libavcodec } = parseVersion(banner);
  return { ffmpeg, ffprobe, version, ...spellings(libavcodec) };
}

const known = new Map<string, Promise<VideoTools>>();

/**
 * ROADGAZE_FFMPEG and ROADGAZE_FFPROBE, then the PATH, then what the set-up noted in
 * `.roadgaze/ffmpeg/tools.json`. Looked up once per environment. Throws FFMPEG_MISSING.
 */
export function findTools(toolsFile = join(projectRoot(), TOOLS_FILE)): Promise<VideoTools> {
  const { ROADGAZE_FFMPEG, ROADGAZE_FFPROBE, PATH } = process.env;
  const key = JSON.stringify([ROADGAZE_FFMPEG, ROADGAZE_FFPROBE, PATH, toolsFile]);
  let tools = known.get(key);
  if (!tools) {
    tools = lookUp(toolsFile);
    known.set(key, tools);
    tools.catch(() => known.delete(key));
  }
  return tools;
}
