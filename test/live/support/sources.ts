import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { findTools } from '../../../server/video/tools.ts';
import { repositoryRoot } from '../../support/paths.ts';

type Test = Pick<TestContext, 'after'>;

/** Starts a program that ends with the test. */
export function startProgram(t: Test, program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    child.stdout.destroy();
    await closed;
  });
  return child;
}

export async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, 'exit');
  child.kill('SIGKILL');
  await closed;
}

/**
 * Sends a file again and again at its own pace, without encoding. `output` are the last options of
 * ffmpeg.
 */
export async function sendFile(t: Test, path: string, ...output: string[]): Promise<ChildProcess> {
  const { ffmpeg } = await findTools();
  return startProgram(t, ffmpeg, [
    '-hide_banner',
    '-nostdin',
    '-loglevel',
    'fatal',
    '-re',
    '-stream_loop',
    '-1',
    '-i',
    path,
    '-map',
    '0:v',
    '-c',
    'copy',
    ...output,
  ]);
}

/**
 * Sends a file to an RTMP address; the publisher gives up where nobody listens yet, and is started
 * again.
 */
export async function publishWhenListening(t: Test, path: string, address: string): Promise<void> {
  for (;;) {
    // It tells of its progress once it is connected.
    const sender = await sendFile(t, path, '-progress', 'pipe:1', '-f', 'flv', address);
    const isConnected = await Promise.race([
      once(sender, 'exit').then(() => false),
      once(sender.stdout!, 'data').then(() => true),
    ]);
    if (!isConnected) continue;
    sender.stdout!.resume();
    return;
  }
}

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

export async function freeTcpPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** An HTTP server that answers by path; gives its address without a slash at the end. */
export async function startWebServer(
  t: Test,
  answer: Parameters<typeof createServer>[1],
): Promise<string> {
  const server: Server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const PYTHON = '/usr/bin/python3';

/** Why there is no RTSP server here, for `skip`; false where there is one. */
export function rtspServerIsMissing(): string | false {
  try {
    execFileSync(
      PYTHON,
      [join(repositoryRoot, 'test', 'live', 'support', 'rtsp-server.py'), '--check'],
      { stdio: 'ignore' },
    );
    return false;
  } catch {
    return "GStreamer's RTSP server for Python is not installed (Debian: gir1.2-gst-rtsp-server-1.0, python3-gi, gstreamer1.0-plugins-ugly)";
  }
}

/**
 * GStreamer's RTSP server with a test picture, or with an MP4 of H.264, at /road; gives its port.
 * `port` 0: any.
 */
export async function startRtspServer(
  t: Test,
  port = 0,
  ...file: readonly [] | readonly [path: string]
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = startProgram(t, PYTHON, [
    join(repositoryRoot, 'test', 'live', 'support', 'rtsp-server.py'),
    String(port),
    ...file,
  ]);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, port: Number(line.toString()) };
}

export interface ClockServer {
  readonly address: string;
  /**
   * Times of day (ms) before and after each picture entered the encoder, by the number that it
   * shows.
   */
  readonly entered: ReadonlyMap<number, readonly [before: number, after: number]>;
}

/**
 * GStreamer's RTSP server with pictures that show their number. `encoder` and `payloader` are
 * GStreamer's; `further` as in rtsp-clock.py.
 */
export async function startClockServer(
  t: Test,
  encoder: string,
  payloader: string,
  ...further: readonly string[]
): Promise<ClockServer> {
  const child = startProgram(t, PYTHON, [
    join(repositoryRoot, 'test', 'live', 'support', 'rtsp-clock.py'),
    encoder,
    payloader,
    ...further,
  ]);
  const entered = new Map<number, readonly [number, number]>();
  const port = await new Promise<number>((resolve) => {
    createInterface(child.stdout!).on('line', (line) => {
      const [number, before, after] = line.split(' ').map(Number);
      if (after === undefined) resolve(number!);
      else entered.set(number!, [before! * 1000, after * 1000]);
    });
  });
  return { address: `rtsp://127.0.0.1:${port}/road`, entered };
}
