import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { makeNumberedClip, readFrameNumber } from '../support/clips.ts';
import { randomNumbers } from '../support/network.ts';
import {
  freeTcpPort,
  freeUdpPort,
  kill,
  rtspServerIsMissing,
  sendFile,
  startRtspServer,
  startWebServer,
} from './support/sources.ts';
import { decoderProcesses, IMAGE, watch, type WatchedFeed } from './support/watch.ts';

let folder: string;
let clip: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roadgaze-test-'));
  clip = await makeNumberedClip(join(folder, 'source.ts'), {
    frames: 600,
    fps: 15,
    size: [160, 96],
    keyframes: 8,
  });
});
after(() => rm(folder, { recursive: true, force: true }));

const IMPATIENT = { quietSeconds: 0.4, stallSeconds: 0.9 };

/** Over UDP: the port, and a feed on it. */
async function listen(t: TestContext): Promise<{
  readonly feed: WatchedFeed;
  readonly port: number;
  send(path: string, offset?: number): ReturnType<typeof sendFile>;
}> {
  const port = await freeUdpPort();
  const feed = watch(t, `udp://127.0.0.1:${port}`, IMPATIENT);
  return {
    feed,
    port,
    send: (path, offset = 0) =>
      sendFile(
        t,
        path,
        '-muxdelay',
        '0',
        '-output_ts_offset',
        String(offset),
        '-f',
        'mpegts',
        `udp://127.0.0.1:${port}?pkt_size=1316`,
      ),
  };
}

function assertTimeAscends({ frames }: WatchedFeed): void {
  for (const [n, { time, sequence }] of frames.slice(1).entries())
    assert.ok(time > frames[n]!.time && sequence > frames[n]!.sequence);
}

describe('a live feed goes on', { concurrency: 4 }, () => {
  it('when its source is killed and started again', async (t) => {
    const { feed, send } = await listen(t);
    const sender = await send(clip);
    const before = await feed.frame();
    await kill(sender);
    const stalled = await feed.state('stalled');
    const { reason, since } = await feed.state('reconnecting');
    assert.equal(reason.code, 'FEED_STALLED');
    assert.equal(since, stalled.since);
    assert.ok(
      since >= before.arrival && since === feed.frames.at(-1)!.arrival,
      'since the last picture',
    );
    const seen = feed.states.length;
    await send(clip);
    await feed.state('live', seen);
    await feed.frame();
    assertTimeAscends(feed);
    assert.ok(feed.decoder.counters.reconnects >= 1);
    assert.equal(feed.decoder.counters.damaged, 0);
  });

  it('when the timestamps of its source jump back', async (t) => {
    const { feed, send } = await listen(t);
    const sender = await send(clip, 50);
    const before = await feed.frame();
    await kill(sender);
    await send(clip);
    const after = await feed.frame(({ pts }) => pts < before.pts);
    assert.ok(after.time > before.time);
    assert.ok(
      feed.states.some(
        (state) => state.name === 'reconnecting' && state.reason.code === 'FEED_CHANGED',
      ),
    );
    assertTimeAscends(feed);
  });

  it('when its pictures change their size', async (t) => {
    const { feed, send } = await listen(t);
    const large = await makeNumberedClip(join(folder, 'large.ts'), {
      frames: 300,
      fps: 15,
      size: [320, 180],
      keyframes: 8,
    });
    const sender = await send(clip);
    await feed.frame();
    await kill(sender);
    const seen = feed.states.length;
    await send(large, feed.frames.at(-1)!.pts + 0.5);
    const { stream } = await feed.state('live', seen);
    assert.deepEqual([stream.width, stream.height], [320, 180]);
    const {
      images: [image],
    } = await feed.frame();
    assert.notEqual(readFrameNumber(image!, IMAGE.width, IMAGE.height), null);
    assertTimeAscends(feed);
  });

  it('when its codec changes', async (t) => {
    const { feed, send } = await listen(t);
    const other = await makeNumberedClip(join(folder, 'mpeg2.ts'), {
      frames: 300,
      fps: 25,
      size: [160, 96],
      codec: ['mpeg2video', '-q:v', '3'],
      keyframes: 8,
    });
    const sender = await send(clip);
    await feed.frame();
    await kill(sender);
    const seen = feed.states.length;
    await send(other, 100);
    const { stream } = await feed.state('live', seen);
    assert.equal(stream.codec, 'mpeg2video');
    await feed.frame();
  });

  it('when ffmpeg crashes', async (t) => {
    const { feed, port, send } = await listen(t);
    await send(clip);
    await feed.frame();
    const [crashed] = decoderProcesses(`:${port}`);
    const seen = feed.states.length;
    process.kill(crashed!, 'SIGKILL');
    await feed.state('live', seen);
    await feed.frame();
    assert.ok(!decoderProcesses(`:${port}`).includes(crashed!));
  });

  it('when ffmpeg hangs', async (t) => {
    const { feed, port, send } = await listen(t);
    await send(clip);
    await feed.frame();
    const [hanging] = decoderProcesses(`:${port}`);
    const seen = feed.states.length;
    process.kill(hanging!, 'SIGSTOP');
    await feed.state('live', seen);
    await feed.frame();
    assert.ok(!decoderProcesses(`:${port}`).includes(hanging!));
  });

  it('when packets are lost and bytes are damaged on the way', async (t) => {
    const { feed, port } = await listen(t);
    const bytes = await readFile(clip);
    const random = randomNumbers(7);
    const socket = createSocket('udp4');
    let sending = true;
    t.after(() => {
      sending = false;
      socket.close();
    });
    void (async () => {
      const perSecond = bytes.length / 40;
      for (let at = 0; sending && at < bytes.length; at += 1316) {
        const datagram = Buffer.from(bytes.subarray(at, at + 1316));
        // The first seconds are whole, so that there is something to lose.
        if (at > 2 * perSecond) {
          if (random() < 0.05) continue;
          for (let n = 0; n < 4; n++)
            if (random() < 0.1)
              datagram[Math.floor(random() * datagram.length)] = Math.floor(random() * 256);
        }
        socket.send(datagram, port, '127.0.0.1');
        await pause((1000 * 1316) / perSecond / 2);
      }
    })();
    await feed.frame(() => feed.decoder.counters.damaged >= 10 && feed.frames.length >= 60, 0);
    assertTimeAscends(feed);
  });

  it('when the publisher of RTMP goes and another comes', async (t) => {
    const port = await freeTcpPort();
    const feed = watch(t, `rtmp://127.0.0.1:${port}/live/road?listen=1`, IMPATIENT);
    const publish = async () => {
      for (;;) {
        const sender = await sendFile(t, clip, '-f', 'flv', `rtmp://127.0.0.1:${port}/live/road`);
        const arrived = feed.frame().then(() => true);
        const gaveUp = new Promise<false>((resolve) => sender.once('exit', () => resolve(false)));
        if (await Promise.race([arrived, gaveUp])) return sender;
        await pause(50);
      }
    };
    await kill(await publish());
    await feed.state('reconnecting');
    await publish();
    assertTimeAscends(feed);
  });

  it(
    'when an RTSP server is killed and started again',
    { skip: rtspServerIsMissing() },
    async (t) => {
      const { child, port } = await startRtspServer(t);
      const feed = watch(t, `rtsp://127.0.0.1:${port}/road`, IMPATIENT);
      await feed.frame();
      await kill(child);
      const { attempt } = await feed.state('reconnecting');
      assert.equal(attempt, 1);
      const seen = feed.states.length;
      await startRtspServer(t, port);
      await feed.state('live', seen);
      assertTimeAscends(feed);
    },
  );

  it('once a source appears that was not there at first, and tells how often it has tried', async (t) => {
    const port = await freeTcpPort();
    const feed = watch(t, `http://127.0.0.1:${port}/road`, IMPATIENT);
    const { reason, attempt } = await feed.state('reconnecting');
    assert.deepEqual([reason.code, attempt], ['FEED_UNREACHABLE', 1]);
    assert.match(reason.message, /Connection refused/);
    const server = createServer(async (request, response) => {
      const sender = await sendFile(t, clip, '-f', 'mpegts', 'pipe:1');
      sender.stdout!.pipe(response);
      request.on('close', () => sender.kill('SIGKILL'));
    }).listen(port, '127.0.0.1');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    await feed.frame();
  });
});

describe('a live feed', { concurrency: 4 }, () => {
  it('fails for good where the source refuses the password, and does not tell it', async (t) => {
    const server = await startWebServer(t, (_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="camera"' }).end(),
    );
    const feed = watch(t, server.replace('//', '//me:s3cret@'));
    const { reason } = await feed.state('failed');
    assert.equal(reason.code, 'FEED_UNAUTHORIZED');
    assert.ok(!JSON.stringify(feed.states).includes('s3cret'));
  });

  for (const [what, entry] of [
    ['a file', (path: string) => `file://${path}`],
    ['a path', (path: string) => path],
    ['files that are put together', (path: string) => `concat:${path}|${path}`],
  ] as const) {
    it(`does not open ${what} that a playlist names`, async (t) => {
      const playlist = `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:40\n#EXTINF:40,\n${entry(clip)}\n#EXT-X-ENDLIST\n`;
      const server = await startWebServer(t, (request, response) => {
        if (request.url === '/road.m3u8')
          response
            .writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl' })
            .end(playlist);
        else response.writeHead(404).end();
      });
      const feed = watch(t, `${server}/road.m3u8`);
      await Promise.race([feed.state('failed'), feed.state('reconnecting')]);
      assert.equal(feed.decoder.counters.decoded, 0);
    });
  }

  it('does not open files that a list for ffmpeg names', async (t) => {
    const server = await startWebServer(t, (_, response) =>
      response.writeHead(200).end(`ffconcat version 1.0\nfile file:${clip}\n`.padEnd(5000)),
    );
    const feed = watch(t, `${server}/list`);
    await Promise.race([feed.state('failed'), feed.state('reconnecting')]);
    assert.equal(feed.decoder.counters.decoded, 0);
  });

  it('leaves no process behind, whenever it is closed', async (t) => {
    const port = await freeUdpPort();
    const waiting = watch(t, `udp://127.0.0.1:${port}`);
    while (decoderProcesses(`:${port}`).length === 0) await pause(20);
    await waiting.decoder.close();
    assert.deepEqual(decoderProcesses(`:${port}`), []);
    const atOnce = watch(t, `udp://127.0.0.1:${port}`);
    await atOnce.decoder.close();
    assert.deepEqual(decoderProcesses(`:${port}`), []);
    const playing = watch(t, `udp://127.0.0.1:${port}`);
    await sendFile(t, clip, '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`);
    await playing.frame();
    await playing.decoder.close();
    assert.deepEqual(decoderProcesses(`:${port}`), []);
    assert.deepEqual(
      [waiting, atOnce, playing].map(({ decoder }) => decoder.state.name),
      ['closed', 'closed', 'closed'],
    );
  });
});
