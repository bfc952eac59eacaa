import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError, type Command } from 'commander';
import { RoadgazeError } from '../../shared/errors.ts';
import { isLoopback } from '../api/access.ts';
import type { RunningServer } from '../api/server.ts';
import { cacheFolder } from '../files/cache-folder.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import { warmWorkshop } from '../pipeline/workshop/hands.ts';
import { useSpawner } from '../resources/start-program.ts';
import { addExamples, onInterrupt, packageInfo } from './command-line.ts';
import { reportFeeds } from './feed-reports.ts';
import { addFlagOptions, flagSettingsOf, type FlagOptions } from './flag-options.ts';
import { addFrameRateOption, takeFrameRate, type FrameRateOption } from './frame-rate-option.ts';
import { addLogOptions, logChoicesOf, type LogOptions } from './log-options.ts';
import { parseProvider, parseWorkers } from './option-values.ts';
import { providerLine } from './provider-line.ts';
import { fitted } from './terminal.ts';
import { parseRoad, ROAD_OPTION_HELP } from './road-option.ts';
import {
  addLiveOptions,
  feedOptionsOf,
  LIVE_SOURCES_HELP,
  splitSources,
  type LiveOptions,
} from './live-options.ts';
import { TOKEN_VARIABLE, tokenOf, type TokenOptions } from './token-option.ts';
import { openWebhook, SECRET_VARIABLE, type WebhookOptions } from './webhook-option.ts';

interface ServeOptions
  extends FlagOptions, LogOptions, FrameRateOption, TokenOptions, WebhookOptions, LiveOptions {
  readonly model?: readonly string[];
  readonly road?: string;
  readonly port: number;
  readonly host: string;
  readonly provider: ProviderWish['provider'];
  readonly workers?: number;
  readonly open?: boolean;
  /** Gigabytes. */
  readonly uploadLimit?: number;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const DEFAULT_RECORDINGS = join(root, 'recordings/drives');
const DEFAULT_NETWORKS = join(root, 'recordings/networks');
const LINGER_SECONDS = 60;
const DEFAULT_UPLOAD_LIMIT = 50;

export function register(program: Command): void {
  const command = program
    .command('serve')
    .description(
      'play recordings and live feeds in the browser, with what the network looks at drawn over them',
    )
    .argument(
      '[sources...]',
      `a video, or a folder of videos with their logs (default: the demo drives), and any number of live feeds; ${LIVE_SOURCES_HELP}`,
    )
    .option(
      '-m, --model <file>',
      'steering network to explain; may be given more than once (default: the demo networks)',
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option(
      '-r, --road <region>',
      `${ROAD_OPTION_HELP} (default: the road drawn in the page, else the ground truth, else a road network that is there)`,
    )
    .option('-p, --port <number>', 'port to listen on; 0 takes any that is free', parsePort, 8470)
    .option(
      '--host <address>',
      'address to listen on; another than this machine itself needs --token',
      '127.0.0.1',
    )
    .option(
      '--token <secret>',
      `what a visitor must know, 16 characters or more; part of the address that is printed (default: the environment's ${TOKEN_VARIABLE})`,
    )
    .option('--token-file <file>', 'where that is, so that the list of programs does not show it')
    .option(
      '--provider <name>',
      'where the network runs: auto, cpu, webgpu or cuda',
      parseProvider,
      'auto',
    )
    .option(
      '--workers <number>',
      'worker threads on the CPU (default: as many as fit the machine)',
      parseWorkers,
    )
    .option(
      '--upload-limit <gigabytes>',
      `most that may be dropped onto the page at once, into uploads/ of the folder; 0 takes nothing (default: ${DEFAULT_UPLOAD_LIMIT} on this machine itself, 0 with another --host)`,
      parseGigabytes,
    )
    .option('--open', 'open the page in the browser')
    .option(
      '--webhook <url>',
      'post each flag as JSON to this address as the analysis finds it, signed with a shared secret',
    )
    .option(
      '--webhook-secret-file <file>',
      `where that secret is (default: the environment's ${SECRET_VARIABLE})`,
    );
  addLiveOptions(addFlagOptions(addFrameRateOption(addLogOptions(command)))).action(
    (sources: readonly string[], options: ServeOptions) => serve(sources, options),
  );
  addExamples(command, [
    'roadgaze serve',
    'roadgaze serve drive.mp4 --model pilotnet.onnx',
    'roadgaze serve rtsp://camera.local/road --model pilotnet.onnx --signals udp://127.0.0.1:9000',
    'roadgaze serve ~/drives --model a.onnx --model b.onnx --road lane.onnx',
    `${SECRET_VARIABLE}=… roadgaze serve ~/drives --webhook https://example.org/hook`,
  ]);
}

async function serve(sources: readonly string[], options: ServeOptions): Promise<void> {
  const { model } = options;
  const { recording, feeds } = splitSources(sources, options);
  const live = feedOptionsOf(options);
  const flags = flagSettingsOf(options);
  takeFrameRate(options);
  useSpawner();
  warmWorkshop();
  const webhook = await openWebhook(options, (sentence) =>
    process.stderr.write(`${fitted(sentence, process.stderr, '    ')}\n`),
  );
  for (const path of model ?? []) await checkThere(path);
  // One part after the other: all modules of a part are open at the same time, and descriptors may
  // be few.
  await import('../drive/readers/index.ts');
  await import('../catalogue/catalogue.ts');
  const { startServer } = await import('../api/server.ts');
  const server = await startServer({
    recordings: recording ?? DEFAULT_RECORDINGS,
    networks: model ?? [...(await networkFolders(recording)), DEFAULT_NETWORKS],
    roads: [DEFAULT_NETWORKS],
    road: options.road === undefined ? null : parseRoad(options.road),
    log: logChoicesOf(options),
    provider: options.provider,
    workers: options.workers ?? null,
    port: options.port,
    host: options.host,
    token: await tokenOf(options),
    clientFolder: join(root, 'dist/client'),
    lingerSeconds: LINGER_SECONDS,
    cache: cacheFolder(),
    uploadBytes: await uploadBytesOf(recording ?? DEFAULT_RECORDINGS, options),
    flags,
    feeds: live,
    ...(live.clips ? { clips: live.clips.folder } : {}),
    ...(webhook ? { alerts: { webhook, flags, version: packageInfo().version } } : {}),
    onOpened: ({ recording: opened, explainer, assumptions, logNote }) => {
      say(`${opened.name} with ${explainer.network.name}: ${providerLine(explainer.provider)}`);
      for (const assumption of [
        ...explainer.assumptions,
        ...assumptions,
        ...(logNote ? [logNote.reason] : []),
      ])
        say(`  note: ${assumption}`);
    },
  });
  onInterrupt(() => server.close());
  reportFeeds(server.feeds, (name, what) => {
    say(`Live: ${name}: ${typeof what === 'string' ? what : `${what.code}: ${what.message}`}`);
    if (typeof what !== 'string') say(`  → ${what.hint}`);
  });
  try {
    for (const feed of feeds) await server.feeds.add(feed);
    await describe(server, recording ?? DEFAULT_RECORDINGS);
  } catch (error) {
    await server.close();
    throw error;
  }
  if (options.open) openInBrowser(server.url);
}

function say(line: string): void {
  process.stdout.write(`${fitted(line, process.stdout, '    ')}\n`);
}

/** Files are put beside recordings in a folder only. */
async function uploadBytesOf(
  recordings: string,
  { uploadLimit, host }: ServeOptions,
): Promise<number> {
  const info = await stat(recordings).catch(() => null);
  if (!info?.isDirectory()) return 0;
  return 1e9 * (uploadLimit ?? (isLoopback(host) ? DEFAULT_UPLOAD_LIMIT : 0));
}

/** Networks may lie in the folder of the recordings. */
async function networkFolders(recording: string | undefined): Promise<string[]> {
  if (recording === undefined) return [];
  const isFolder = await stat(recording).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? [recording] : [];
}

async function checkThere(model: string): Promise<void> {
  const found = await stat(model).then(
    () => true,
    () => false,
  );
  if (!found)
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `There is no network ${model}.`,
      'Check the spelling; relative paths start at the folder that the command was started in.',
    );
}

async function describe(
  { url, catalogue, feeds }: RunningServer,
  recordingsPath: string,
): Promise<void> {
  const [recordings, networks] = await Promise.all([catalogue.recordings(), catalogue.networks()]);
  const shown = relative(process.cwd(), recordingsPath) || '.';
  const { drives, isScanning } = catalogue.drives.state;
  say(
    drives > 0
      ? `${isScanning ? 'More than ' : ''}${count(drives, 'recording')} in ${shown}, ${count(networks.length, 'network')}.`
      : `There is no recording in ${shown} yet, ${count(networks.length, 'network')}.`,
  );
  for (const { name, error } of [...recordings, ...networks.map(({ summary }) => summary)]) {
    if (error)
      say(
        `  ${name} cannot be opened: ${error.message}${error.code === 'DRIVE_UNSUPPORTED' || error.code === 'VIDEO_RATE_UNKNOWN' ? ` ${error.hint}` : ''}`,
      );
  }
  for (const { name, network } of feeds.list)
    say(
      `Live: ${name}, with ${networks.find(({ summary }) => summary.id === network)?.summary.name ?? network}.`,
    );
  say('');
  say(`  ${url}`);
  say('');
  say('Ctrl-C stops it.');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function parsePort(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}

function parseGigabytes(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1_000_000) return value;
  throw new InvalidArgumentError('It must be a number of gigabytes, such as 20; 0 takes nothing.');
}

/** The address is printed as well: where no browser can be opened, nothing is lost. */
function openInBrowser(url: string): void {
  const [program, ...args] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '']
        : ['xdg-open'];
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
