import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { build } from 'vite';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Request, View } from './messages.ts';
import type { Displacement, WorldOptions } from './world/world.ts';

export interface Drawn {
  /** height × width × 3, from the top. */
  rgb: Uint8Array;
  /** ids.height × ids.width × 4: object number low, high, surface, unused. Empty if not asked for. */
  ids: Uint8Array;
}

const chromiumPath =
  process.env['CHROMIUM'] ?? process.env['ROADGAZE_CHROMIUM'] ?? '/usr/bin/chromium';

export function hasChromium(): boolean {
  return existsSync(chromiumPath);
}

/** A headless browser that draws worlds. Answers come in the order of the calls. */
export class Renderer {
  readonly #browser: Browser;
  readonly #server: Server;
  readonly #socket: WebSocket;
  #view: View | null = null;
  readonly #waiting: { resolve(drawn: Drawn): void; reject(error: Error): void; view: View }[] = [];

  private constructor(browser: Browser, server: Server, socket: WebSocket) {
    this.#browser = browser;
    this.#server = server;
    this.#socket = socket;
    socket.on('message', (data: Buffer, binary) => {
      const next = this.#waiting.shift();
      if (!binary) {
        const error = new Error(data.toString());
        if (next === undefined) throw error;
        next.reject(error);
        return;
      }
      if (next === undefined) return;
      const rgb = next.view.width * next.view.height * 3;
      next.resolve({ rgb: data.subarray(0, rgb), ids: data.subarray(rgb) });
    });
    socket.on('close', () => {
      for (const each of this.#waiting.splice(0))
        each.reject(new Error('the drawing browser went away'));
    });
  }

  static async start(): Promise<Renderer> {
    if (!hasChromium())
      throw new Error(
        `no Chromium at ${chromiumPath}: name one in the environment variable CHROMIUM`,
      );
    const script = await bundlePage();
    const server = createServer((request, response) => {
      const isScript = request.url === '/main.js';
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
      response.end(
        isScript
          ? script
          : '<!doctype html><title>Scene</title><script type="module" src="/main.js"></script>',
      );
    });
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const connected = new Promise<WebSocket>((resolve) => sockets.once('connection', resolve));
    const browser = await chromium.launch({
      executablePath: chromiumPath,
      args: [
        '--no-sandbox',
        '--use-angle=swiftshader',
        '--enable-unsafe-swiftshader',
        '--ignore-gpu-blocklist',
        '--disable-background-timer-throttling',
      ],
    });
    const page = await browser.newPage();
    const failed = new Promise<never>((_, reject) => page.once('pageerror', reject));
    page.on('console', (message) => {
      if (message.type() === 'error') process.stderr.write(`page: ${message.text()}\n`);
    });
    await page.goto(`http://127.0.0.1:${port}/`);
    const socket = await Promise.race([connected, failed]);
    failed.catch((error: unknown) => process.stderr.write(`page: ${String(error)}\n`));
    return new Renderer(browser, server, socket);
  }

  /** Chooses the world and the view for the drawings that follow. */
  enter(options: WorldOptions, view: View): void {
    this.#view = view;
    this.#send({ type: 'world', options, view });
  }

  /** Without `ids` it takes about two thirds of the time. */
  draw(t: number, displaced: Displacement, noiseSeed: number, ids = true): Promise<Drawn> {
    const view = this.#view;
    if (view === null) throw new Error('no world was entered');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, view });
      this.#send({ type: 'draw', t, displaced, noiseSeed, ids });
    });
  }

  #send(request: Request): void {
    this.#socket.send(JSON.stringify(request));
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The page's sources lie beside this file's source, not beside its compiled form. */
async function bundlePage(): Promise<string> {
  const compiled = fileURLToPath(new URL('.', import.meta.url));
  const root = compiled.replace(/dist\/node\/(?=recordings\/)/, '') + 'page';
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      rolldownOptions: { input: `${root}/main.ts` },
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]) as {
    output: { type: string; code?: string }[];
  }[];
  const chunk = outputs.flatMap((each) => each.output).find((each) => each.type === 'chunk');
  if (chunk?.code === undefined) throw new Error('the page did not compile');
  return chunk.code;
}
