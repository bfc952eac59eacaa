import { mkdtemp, rmdir, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notWritable } from '../files/not-writable.ts';
import { freeMemory } from './free-memory.ts';

/** A socket path longer than this does not fit into the system's address structure on any Unix. */
const LONGEST_FOLDER = 80;

export interface SocketHandlers {
  open(index: number): void;
  /** The chunk is only there until this returns. */
  data(index: number, chunk: Uint8Array): void;
  /** The writer closed its end and everything was read, or the connection broke. */
  close(index: number): void;
  /** A stream cannot be received: there is no descriptor for it. */
  failed(error: Error): void;
}

/** One Unix socket per stream that ffmpeg writes, in a folder that only this user can enter. */
export class FrameSockets {
  readonly urls: readonly string[];
  readonly #folder: string;
  readonly #paths: readonly string[];
  readonly #servers: readonly Server[];
  readonly #connections: Socket[] = [];
  #paused = false;
  #closed = false;

  private constructor(folder: string, paths: readonly string[], servers: readonly Server[]) {
    this.#folder = folder;
    this.#paths = paths;
    this.urls = paths.map((path) => `unix:${path}`);
    this.#servers = servers;
  }

  /** Throws OUTPUT_NOT_WRITABLE. */
  static async open(count: number, handlers: SocketHandlers): Promise<FrameSockets> {
    const parent = tmpdir();
    const place = parent.length < LONGEST_FOLDER ? parent : '/tmp';
    const folder = await mkdtemp(join(place, 'roadgaze-')).catch((cause: unknown) => {
      throw notWritable(`ffmpeg cannot be started, for nothing can be made in ${place}`, cause);
    });
    const paths = Array.from({ length: count }, (_, index) => join(folder, String(index)));
    const servers = paths.map(() => createServer());
    const sockets = new FrameSockets(folder, paths, servers);
    try {
      await Promise.all(
        servers.map((server, index) => sockets.#listen(server, index, paths[index]!, handlers)),
      );
    } catch (error) {
      await sockets.close();
      throw error;
    }
    return sockets;
  }

  #listen(server: Server, index: number, path: string, handlers: SocketHandlers): Promise<void> {
    server.once('connection', (socket) => {
      server.close();
      if (this.#closed) return socket.destroy();
      this.#connections.push(socket);
      if (this.#paused) socket.pause();
      socket.on('data', (chunk) => {
        handlers.data(index, chunk);
        freeMemory(chunk);
      });
      socket.on('error', () => {});
      socket.on('close', () => handlers.close(index));
      handlers.open(index);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject).on('error', (error) => handlers.failed(error));
        resolve();
      });
    });
  }

  /** A paused writer waits once the system's socket buffer is full. */
  pause(): void {
    this.#paused = true;
    for (const socket of this.#connections) socket.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const socket of this.#connections) socket.resume();
  }

  /** Also where there is no descriptor left, with which a folder could be read. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const server of this.#servers) server.close();
    for (const socket of this.#connections) socket.destroy();
    await Promise.allSettled(this.#paths.map(unlink));
    await rmdir(this.#folder).catch(() => {});
  }
}
