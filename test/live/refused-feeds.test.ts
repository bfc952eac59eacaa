import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { serve } from '../api/support/server.ts';
import { reportFeeds } from '../../server/cli/feed-reports.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from '../api/support/reading-network.ts';
import { startWebServer } from './support/sources.ts';

/** A camera that asks everybody for a password, or lets nobody in. */
async function rtspCamera(t: TestContext, status: string, header: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const number = /CSeq: (\d+)/i.exec(data.toString())?.[1] ?? '1';
      const isOptions = data.toString().startsWith('OPTIONS');
      socket.write(
        isOptions
          ? `RTSP/1.0 200 OK\r\nCSeq: ${number}\r\nPublic: DESCRIBE\r\n\r\n`
          : `RTSP/1.0 ${status}\r\nCSeq: ${number}\r\n${header}\r\n`,
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a feed that its source refuses', { concurrency: 2 }, () => {
  const cases: Record<string, (t: TestContext) => Promise<string>> = {
    'RTSP with 401': async (t) =>
      `rtsp://me:wr0ng@${await rtspCamera(t, '401 Unauthorized', 'WWW-Authenticate: Basic realm="camera"\r\n')}/x`,
    'RTSP with 403': async (t) => `rtsp://me:wr0ng@${await rtspCamera(t, '403 Forbidden', '')}/x`,
    'HTTP with 401': async (t) =>
      (
        await startWebServer(
          t,
          (_, response) =>
            void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="camera"' }).end(),
        )
      ).replace('://', '://me:wr0ng@'),
    'HTTP with 403': async (t) =>
      startWebServer(t, (_, response) => void response.writeHead(403).end()),
  };
  for (const [name, address] of Object.entries(cases)) {
    it(`says so in the terminal and in its state, with the way out: ${name}`, async (t) => {
      const folder = temporaryFolder(t);
      const { feeds, port } = await serve(t, {
        recordings: folder,
        networks: [await writeReadingNetwork(folder)],
      });
      const said = new Promise<string>((resolve) => {
        reportFeeds(feeds, (feed, what) =>
          resolve(
            typeof what === 'string'
              ? `${feed}: ${what}`
              : `${feed}: ${what.code}: ${what.message} ${what.hint}`,
          ),
        );
      });
      await feeds.add({ address: await address(t), name: 'front' });
      const line = await said;
      assert.match(
        line,
        /^front: FEED_UNAUTHORIZED: .* refuses access: .*40[13].* Put the user name and password .* @ as %40/s,
      );
      assert.ok(!line.includes('wr0ng'));
      const { state } = feeds.list[0]!;
      assert.ok(state.name === 'failed' && state.reason.code === 'FEED_UNAUTHORIZED');
      const health = (await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()) as {
        feeds: { reason: { code: string } }[];
      };
      assert.equal(health.feeds[0]!.reason.code, 'FEED_UNAUTHORIZED');
    });
  }
});
