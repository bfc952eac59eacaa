import type { TestContext } from 'node:test';
import { DEFAULT_FLAG_SETTINGS } from '../../../shared/flags.ts';
import { startServer, type RunningServer, type ServerOptions } from '../../../server/api/server.ts';

/** A server on a free port, closed when the test ends. */
export async function serve(
  t: Pick<TestContext, 'after'>,
  options: Pick<ServerOptions, 'recordings' | 'networks'> & Partial<ServerOptions>,
): Promise<RunningServer> {
  const server = await startServer({
    roads: [],
    road: { kind: 'none' },
    provider: 'cpu',
    workers: 1,
    port: 0,
    host: '127.0.0.1',
    token: null,
    flags: DEFAULT_FLAG_SETTINGS,
    clientFolder: '/nonexistent',
    lingerSeconds: 0,
    ...options,
  });
  t.after(() => server.close());
  return server;
}
