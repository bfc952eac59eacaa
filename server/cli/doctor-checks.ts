import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { reportOf } from '../../shared/errors.ts';
import { probeProvider } from '../inference/provider-probe.ts';
import { type VideoTools, findTools } from '../video/tools.ts';

/**
 * `missing`: nothing works, or not as it should. `absent`: only what the detail says is out of
 * reach.
 */
export interface Check {
  readonly name: string;
  readonly state: 'present' | 'absent' | 'missing';
  readonly detail: string;
  /** How to get it; null where nothing is to be done. */
  readonly hint: string | null;
}

const run = promisify(execFile);

const DECODERS = ['h264', 'hevc', 'vp9', 'av1', 'mjpeg'];
/** Builds name AV1 decoders after the library behind them. */
const AV1_DECODERS = ['av1', 'libdav1d', 'libaom-av1', 'libgav1'];
const ENCODERS = ['mjpeg', 'libx264'];
const FILTERS = ['scale', 'crop', 'format', 'setpts', 'select'];
const DEFAULT_PORT = 8470;

/** Everything that Roadgaze uses on this machine, in the order in which a person would mend it. */
export async function runChecks(): Promise<Check[]> {
  const further = await Promise.all([
    checkPackages(),
    checkVideo(),
    checkProviders(),
    checkBrowser(),
    checkPort(),
  ]);
  return [checkNode(), ...further.flat()];
}

function checkNode(): Check {
  return {
    name: 'Node',
    state: 'present',
    detail: `${process.versions.node} (20.19 or newer is needed)`,
    hint: null,
  };
}

/** The set-up's own answers: it is plain JavaScript, which is not compiled into dist. */
function setup<T>(file: string): Promise<T> {
  return import(new URL(`../../../../server/setup/${file}`, import.meta.url).href) as Promise<T>;
}

async function checkPackages(): Promise<Check[]> {
  const { packagesAreCurrent } = await setup<{ packagesAreCurrent(): boolean }>('packages.mjs');
  return [
    packagesAreCurrent()
      ? {
          name: 'npm packages',
          state: 'present',
          detail: 'as package-lock.json has them',
          hint: null,
        }
      : {
          name: 'npm packages',
          state: 'missing',
          detail: 'not as package-lock.json has them',
          hint: 'npm ci',
        },
  ];
}

async function checkVideo(): Promise<Check[]> {
  let tools: VideoTools;
  try {
    tools = await findTools();
  } catch (error) {
    const { message, hint } = reportOf(error);
    return [{ name: 'ffmpeg', state: 'missing', detail: message, hint }];
  }
  const [probe, decoders, encoders, filters] = await Promise.all([
    outputOf(tools.ffprobe, '-version'),
    outputOf(tools.ffmpeg, '-decoders'),
    outputOf(tools.ffmpeg, '-encoders'),
    outputOf(tools.ffmpeg, '-filters'),
  ]);
  const probeVersion = /^ffprobe version (\S+)/m.exec(probe)?.[1];
  return [
    {
      name: 'ffmpeg',
      state: 'present',
      detail: `${tools.version}, ${whereFrom('ffmpeg', tools.ffmpeg)}`,
      hint: null,
    },
    probeVersion
      ? {
          name: 'ffprobe',
          state: 'present',
          detail: `${probeVersion}, ${whereFrom('ffprobe', tools.ffprobe)}`,
          hint: null,
        }
      : {
          name: 'ffprobe',
          state: 'missing',
          detail: `${tools.ffprobe} does not run`,
          hint: 'apt install ffmpeg (Debian, Ubuntu)',
        },
    completeness(
      'decoders',
      DECODERS,
      (name) =>
        (name === 'av1' ? AV1_DECODERS : [name]).some((decoder) => listed(decoders, decoder)),
      { h264: 'missing', mjpeg: 'missing' },
    ),
    completeness('encoders', ENCODERS, (name) => listed(encoders, name), { mjpeg: 'missing' }),
    completeness(
      'filters',
      FILTERS,
      (name) => listed(filters, name),
      Object.fromEntries(FILTERS.map((name) => [name, 'missing' as const])),
    ),
  ];
}

/** Also where it fails: some builds list all they have and still exit with an error. */
async function outputOf(program: string, flag: string): Promise<string> {
  return run(program, ['-hide_banner', flag], { maxBuffer: 1 << 24 }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout?: string }) => stdout ?? '',
  );
}

/** In ffmpeg's tables a name is the second word of a line, after its flags. */
function listed(table: string, name: string): boolean {
  return new RegExp(`^\\s*\\S+\\s+${name}\\s`, 'm').test(table);
}

/**
 * `needed`: what makes the whole check fail when it is not there; videos in other codecs only
 * cannot be opened.
 */
function completeness(
  kind: string,
  wanted: readonly string[],
  has: (name: string) => boolean,
  needed: Readonly<Record<string, 'missing'>>,
): Check {
  const lacking = wanted.filter((name) => !has(name));
  if (lacking.length === 0)
    return { name: kind, state: 'present', detail: wanted.join(' '), hint: null };
  return {
    name: kind,
    state: lacking.some((name) => needed[name]) ? 'missing' : 'absent',
    detail: `this ffmpeg has no ${lacking.join(', ')}`,
    hint: 'apt install ffmpeg (Debian, Ubuntu), or name a complete one in ROADGAZE_FFMPEG',
  };
}

function whereFrom(name: 'ffmpeg' | 'ffprobe', path: string): string {
  if (process.env[`ROADGAZE_${name.toUpperCase()}`] === path)
    return `${path} (ROADGAZE_${name.toUpperCase()})`;
  if ((process.env['PATH'] ?? '').split(delimiter).some((folder) => join(folder, name) === path))
    return `${path} (on the PATH)`;
  return `${relative(process.cwd(), path)} (by the set-up)`;
}

const PROVIDERS = [
  {
    id: 'cuda',
    name: 'CUDA',
    hint: (reason: string) =>
      reason.endsWith('is not found')
        ? 'install CUDA and cuDNN 9, and name their folders in LD_LIBRARY_PATH'
        : 'npm run setup:cuda (with an NVIDIA GPU, CUDA and cuDNN 9)',
  },
  {
    id: 'webgpu',
    name: 'WebGPU',
    hint: () => 'apt install libvulkan1 mesa-vulkan-drivers (with a GPU; Debian, Ubuntu)',
  },
] as const;

async function checkProviders(): Promise<Check[]> {
  const checks: Check[] = [];
  // One after the other: two providers that both take hold of the GPU may fail each other.
  for (const { id, name, hint } of PROVIDERS) {
    const { loads, reason } = await probeProvider(id);
    checks.push(
      loads
        ? { name, state: 'present', detail: 'runs a network', hint: null }
        : {
            name,
            state: 'absent',
            detail: `does not load: ${reason.replace(/ \(.*\)$/, '')}`,
            hint: hint(reason),
          },
    );
  }
  return [...checks, await checkCpu()];
}

/** Elsewhere the CPU is taken to work; here is the place to doubt it. */
async function checkCpu(): Promise<Check> {
  const child = fileURLToPath(new URL('../inference/provider-probe-child.js', import.meta.url));
  const answer = await run(process.execPath, [child, 'cpu']).then(
    ({ stdout }) => stdout.trim(),
    () => 'ONNX Runtime does not start on this machine',
  );
  return answer === 'loads'
    ? { name: 'CPU', state: 'present', detail: 'runs a network', hint: null }
    : { name: 'CPU', state: 'missing', detail: `does not load: ${answer}`, hint: 'npm ci' };
}

async function checkBrowser(): Promise<Check[]> {
  const { findChromium } = await setup<{ findChromium(): string | null }>('chromium.mjs');
  const path = findChromium();
  return [
    path
      ? { name: 'Chromium', state: 'present', detail: `${path} (for the tests only)`, hint: null }
      : {
          name: 'Chromium',
          state: 'absent',
          detail: 'not found; only the tests of the page need it',
          hint: 'apt install chromium (Debian), or name one in ROADGAZE_CHROMIUM',
        },
  ];
}

async function checkPort(): Promise<Check> {
  const name = `port ${DEFAULT_PORT}`;
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer().on('error', () => resolve(false));
    server.listen(DEFAULT_PORT, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  return free
    ? { name, state: 'present', detail: 'free, for roadgaze serve', hint: null }
    : {
        name,
        state: 'absent',
        detail: 'another program listens on it; it may be Roadgaze itself',
        hint: 'roadgaze serve --port 8471',
      };
}
