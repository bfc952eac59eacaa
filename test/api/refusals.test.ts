import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import type { ServerOptions } from '../../server/api/server.ts';
import { startServer } from '../../server/api/server.ts';
import { RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import { DEFAULT_FLAG_SETTINGS, type FlagSettings } from '../../shared/flags.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeReadingNetwork } from './support/reading-network.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

const settings = (changed: Partial<FlagSettings>) =>
  JSON.stringify({ type: 'settings', flags: { ...DEFAULT_FLAG_SETTINGS, ...changed } });

async function serveEmpty(t: TestContext, options: Partial<ServerOptions> = {}) {
  return serve(t, { recordings: temporaryFolder(t), networks: [], ...options });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request with exactly these headers, as no browser would send it. */
function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers }, async (response) => {
      const chunks = await response.toArray();
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks).toString(),
      });
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '' });
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** What comes back for these bytes until the server hangs up. */
async function fetchRaw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

function upgrade(
  port: number,
  headers: Record<string, string> = {},
  path = '/api/stream',
): Promise<Answer> {
  return get(port, path, {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
    'Sec-WebSocket-Protocol': 'roadgaze.1',
    ...headers,
  });
}

const reportIn = ({ body }: Answer) => JSON.parse(body) as ErrorReport;

describe('the WebSocket handshake', () => {
  it('lets in the page of the server itself, and clients that are no page', async (t) => {
    const { port } = await serveEmpty(t);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
      assert.equal((await upgrade(port, { Host: host, Origin: `http://${host}` })).status, 101);
      assert.equal((await upgrade(port, { Host: host })).status, 101);
    }
  });

  it('refuses the page of another origin', async (t) => {
    const { port } = await serveEmpty(t);
    for (const Origin of [
      'http://example.org',
      `http://127.0.0.1:${port + 1}`,
      `http://localhost:${port}`,
      'null',
      'file://',
      `http://127.0.0.1:${port}.example.org`,
    ]) {
      const answer = await upgrade(port, { Origin });
      assert.deepEqual([Origin, answer.status, reportIn(answer).code], [Origin, 403, 'USAGE']);
    }
  });

  it('refuses a name that the server is not known by, whatever the origin', async (t) => {
    const { port } = await serveEmpty(t);
    for (const Host of [
      'example.org',
      `rebound.example.org:${port}`,
      `127.0.0.1.example.org:${port}`,
      'localhost.example.org',
      '192.168.0.1',
      'user@127.0.0.1',
      '127.999.1.1',
      '127.0.0.1.',
      '127.1',
      '',
    ]) {
      assert.deepEqual(
        [Host, (await upgrade(port, { Host, Origin: `http://${Host}` })).status],
        [Host, 403],
      );
    }
  });

  it('refuses another path and another subprotocol', async (t) => {
    const { port } = await serveEmpty(t);
    assert.equal((await upgrade(port, {}, '/api/other')).status, 404);
    assert.equal((await upgrade(port, { 'Sec-WebSocket-Protocol': 'roadgaze.2' })).status, 400);
    assert.equal(
      (await upgrade(port, { 'Sec-WebSocket-Protocol': 'x, roadgaze.1' })).headers[
        'sec-websocket-protocol'
      ],
      'roadgaze.1',
    );
    assert.equal((await get(port, '/api/stream')).status, 426);
  });

  it('asks for the token, which the printed address brings as a cookie', async (t) => {
    const { port, url } = await serveEmpty(t, { token: 'a secret/ü of some length' });
    assert.equal((await get(port, '/healthz')).status, 401);
    assert.equal((await upgrade(port)).status, 401);
    assert.equal((await get(port, '/?token=wrong')).status, 401);
    const first = await get(port, new URL(url).pathname + new URL(url).search);
    assert.deepEqual([first.status, first.headers.location], [302, '/']);
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Strict/);
    const Cookie = cookie.split(';', 1)[0]!;
    assert.equal((await upgrade(port, { Cookie })).status, 101);
    assert.equal((await get(port, '/healthz', { Cookie })).status, 200);
    assert.equal((await upgrade(port, { Cookie: `${Cookie}x` })).status, 401);
    assert.equal((await upgrade(port, { Cookie: `roadgaze-token-${port}=%` })).status, 401);
  });

  it('takes one right token, whatever wrong ones come beside it, and leads nowhere else', async (t) => {
    const token = 'a-token-of-some-length';
    const { port } = await serveEmpty(t, { token });
    const wrong = { Cookie: `roadgaze-token-${port}=wrong` };
    assert.equal(
      (await get(port, '/healthz', { ...wrong, Authorization: `Bearer ${token}` })).status,
      200,
    );
    assert.equal((await upgrade(port, { ...wrong, Authorization: `Bearer ${token}` })).status, 101);
    assert.equal((await get(port, `/?token=${token}`, wrong)).status, 302);
    assert.equal((await upgrade(port, wrong, `/api/stream?token=${token}`)).status, 101);
    // Of a server on another port.
    assert.equal(
      (
        await get(port, '/healthz', {
          Cookie: `roadgaze-token-1=wrong; roadgaze-token-${port}=${token}`,
        })
      ).status,
      200,
    );
    for (const path of [
      '//evil.example/',
      '///evil.example',
      '/%5Cevil.example',
      '/%2F/evil.example',
      '/%2f%2fevil.example',
      '//evil.example/..//x',
    ]) {
      const { status, headers } = await get(port, `${path}?token=${token}`);
      assert.equal(status, 302, path);
      assert.equal(
        new URL(headers.location!, `http://127.0.0.1:${port}/`).host,
        `127.0.0.1:${port}`,
        path,
      );
      assert.ok(!headers.location!.includes(token));
    }
    assert.equal((await get(port, `/\\evil.example?token=${token}`)).status, 400);
  });

  it('answers wrong tokens of an address ever more slowly, and right ones of the same address at once', async (t) => {
    const token = 'a-token-of-some-length';
    const { port } = await serveEmpty(t, { token });
    const guess = (path: string) =>
      get(port, path).then(
        ({ status }) => status,
        () => 0,
      );
    for (let count = 0; count < 3; count++) assert.equal(await guess('/?token=wrong'), 401);
    const order: string[] = [];
    const slow = Promise.all(
      Array.from({ length: 20 }, () =>
        guess('/?token=wrong').then((status) => order.push(String(status))),
      ),
    );
    const slowUpgrade = upgrade(port, { Authorization: 'Bearer wrong' }).then(
      () => order.push('upgrade'),
      () => order.push('upgrade'),
    );
    await get(port, '/healthz', { Authorization: `Bearer ${token}` }).then(({ status }) =>
      order.push(`right ${status}`),
    );
    assert.ok(!order.includes('401'), order.join());
    await Promise.all([slow, slowUpgrade]);
    assert.equal(order.filter((each) => each === '401').length, 4);
    assert.equal(order.filter((each) => each === '0').length, 16);
  });

  it('cannot be opened by a token that anybody could guess', async (t) => {
    for (const token of ['', ' ', 'short', ' '.repeat(40), 'fifteen-letters']) {
      await assert.rejects(
        serveEmpty(t, { token }),
        (error) =>
          error instanceof RoadgazeError &&
          error.code === 'USAGE' &&
          /for example: \S{16,}$/.test(error.hint),
        JSON.stringify(token),
      );
    }
  });

  it('is not offered to the network without a token', async (t) => {
    await assert.rejects(
      serveEmpty(t, { host: '0.0.0.0' }),
      (error) =>
        error instanceof RoadgazeError && error.code === 'USAGE' && /--token/.test(error.hint),
    );
  });

  it('says in one sentence that the port is in use', async (t) => {
    const { port } = await serveEmpty(t);
    await assert.rejects(
      serveEmpty(t, { port }),
      (error) =>
        error instanceof RoadgazeError &&
        error.code === 'PORT_IN_USE' &&
        error.message.includes(String(port)) &&
        /--port 0/.test(error.hint),
    );
  });
});

describe('a client that does not follow the protocol', () => {
  /** Sends raw data after `hello`; gives the errors told and the close code. */
  async function violate(
    port: number,
    data: string | Buffer,
  ): Promise<{ errors: string[]; code: number }> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, 'roadgaze.1');
    const errors: string[] = [];
    socket.on('message', (message: Buffer) => {
      const {
        type,
        code,
        message: sentence,
      } = JSON.parse(message.toString()) as { type: string; code: string; message: string };
      if (type === 'hello') socket.send(data);
      if (type === 'error') errors.push(`${code} ${sentence}`);
    });
    const [code] = (await once(socket, 'close')) as [number];
    return { errors, code };
  }

  const wrong: [string | Buffer, RegExp][] = [
    ['', /not JSON/],
    ['{', /not JSON/],
    ['null', /./],
    ['[]', /./],
    ['{}', /"type"/],
    ['{"type":"stop"}', /"type"/],
    ['{"type":"__proto__"}', /"type"/],
    [Buffer.from('{"type":"pause"}'), /binary/],
    ['{"type":"pause","now":true}', /now/],
    ['{"type":"open","recording":"a","methods":["a"]}', /"network"/],
    ['{"type":"open","recording":1,"network":"a","methods":["a"]}', /"recording"/],
    ['{"type":"open","recording":"a","network":"a"}', /"methods"/],
    ['{"type":"open","recording":"a","network":"a","methods":[]}', /"methods"/],
    ['{"type":"open","recording":"a","network":"a","methods":["a","b","c","d","e"]}', /"methods"/],
    [
      '{"type":"open","recording":"a","network":"a","methods":["a","b","a"]}',
      /"methods": must name every method once/,
    ],
    ['{"type":"open","recording":"a","network":"a","methods":["a"],"frame":-1}', /"frame"/],
    ['{"type":"explain","request":1,"frame":1,"method":"lime","target":"left"}', /"target"/],
    ['{"type":"explain","request":1,"frame":1,"target":"+"}', /"method"/],
    [
      '{"type":"explain","request":1,"frame":1,"method":"lime","target":"+"}',
      /before anything was open/,
    ],
    ['{"type":"cancel","request":1}', /before anything was open/],
    ['{"type":"cancel"}', /"request"/],
    ['{"type":"play","speed":1}', /"loop"/],
    ['{"type":"play","speed":9,"loop":false}', /"speed"/],
    ['{"type":"play","speed":0.05,"loop":false}', /"speed"/],
    ['{"type":"play","speed":-1,"loop":false}', /"speed"/],
    ['{"type":"play","speed":1e999,"loop":false}', /"speed"/],
    ['{"type":"seek","frame":-1,"generation":0}', /"frame"/],
    ['{"type":"seek","frame":0.5,"generation":0}', /"frame"/],
    ['{"type":"seek","frame":1,"generation":1e99}', /"generation"/],
    [settings({ enterBelow: 0.7 }), /leaveAbove/],
    [settings({ enterBelow: 2, leaveAbove: 3 }), /enterBelow/],
    [settings({ agreementBelow: 2 }), /agreementBelow/],
    [
      '{"type":"settings","flags":{"enterBelow":0.5,"leaveAbove":0.6,"minimumSeconds":0}}',
      /measure/,
    ],
    ['{"type":"verify","request":1,"kind":"odd","startFrame":0}', /"kind"/],
    ['{"type":"verify","request":1,"kind":"dead","startFrame":-1}', /"startFrame"/],
    ['{"type":"verify","request":1,"kind":"dead","startFrame":0}', /before anything was open/],
    ['{"type":"road","points":[[0,0],[1,0]]}', /"points"/],
    ['{"type":"road","points":[[0,0],[1,0],[1e999,1]]}', /"points\.2\.0"/],
    ['{"type":"road","points":[[0,0],[1,0],[1,9]]}', /"points\.2\.1"/],
    ['{"type":"road","points":null}', /before anything was open/],
    ['{"type":"painted","sequence":0}', /never sent/],
    ['{"type":"play","speed":1,"loop":false}', /before anything was open/],
    ['{"type":"seek","frame":1,"generation":1}', /before anything was open/],
  ];

  it('is told what is wrong and closed with 4400, and others are served on', async (t) => {
    const { port } = await serveEmpty(t);
    for (const [data, expected] of wrong) {
      const { errors, code } = await violate(port, data);
      assert.equal(code, 4400, String(data));
      assert.equal(errors.length, 1, String(data));
      assert.match(errors[0]!, /^PROTOCOL_VIOLATION /);
      assert.match(errors[0]!, expected);
    }
    const viewer = await Viewer.connect({ port });
    await viewer.close();
  });

  it('is closed with 1009 for a message that is too large', async (t) => {
    const { port } = await serveEmpty(t);
    assert.equal((await violate(port, ' '.repeat(16 * 1024 + 1))).code, 1009);
  });

  it('may ask for what does not exist', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'a.mp4'), { frames: 5 });
    const viewer = await Viewer.connect(
      await serve(t, { recordings: folder, networks: [await writeReadingNetwork(folder)] }),
    );
    for (const recording of ['../a.mp4', '/etc/passwd', '__proto__']) {
      const since = viewer.messages.length;
      viewer.send({ type: 'open', recording, network: 'reading', methods: ['visualbackprop'] });
      assert.equal((await viewer.message('error', undefined, since)).code, 'RECORDING_UNKNOWN');
    }
    await viewer.close();
  });
});

describe('the HTTP side', () => {
  async function serveSite(t: TestContext) {
    const folder = temporaryFolder(t);
    await mkdir(join(folder, 'site/assets'), { recursive: true });
    await writeFile(join(folder, 'secret.txt'), 'secret');
    await writeFile(join(folder, 'site/index.html'), '<!doctype html><title>Roadgaze</title>');
    await writeFile(join(folder, 'site/assets/main-abc123.js'), 'export {};');
    return serveEmpty(t, { clientFolder: join(folder, 'site') });
  }

  it('serves the page uncached and its hashed files for ever', async (t) => {
    const { port } = await serveSite(t);
    const page = await get(port, '/');
    assert.deepEqual([page.status, page.headers['cache-control']], [200, 'no-cache']);
    assert.match(page.headers['content-type'] ?? '', /^text\/html/);
    const script = await get(port, '/assets/main-abc123.js');
    assert.deepEqual(
      [script.status, script.headers['cache-control']],
      [200, 'public, max-age=31536000, immutable'],
    );
    assert.match(script.headers['content-type'] ?? '', /javascript/);
  });

  it('lets no script run but its own, and no other page embed it, on every answer', async (t) => {
    const { port } = await serveSite(t);
    for (const path of ['/', '/assets/main-abc123.js', '/healthz', '/none', '/api/stream']) {
      const { headers } = await get(port, path);
      assert.match(
        String(headers['content-security-policy']),
        /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/,
        path,
      );
      assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/, path);
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
    }
  });

  it('gives nothing from outside its folder', async (t) => {
    const { port } = await serveSite(t);
    for (const path of [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/assets/../../secret.txt',
      '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
      '/%00',
      '//etc/passwd',
    ]) {
      const answer = await get(port, path);
      assert.ok(answer.status === 404 || answer.status === 400, `${path}: ${answer.status}`);
      assert.doesNotMatch(answer.body, /^secret|root:/);
    }
  });

  it('refuses a name that it is not known by, and answers what is not there with a report', async (t) => {
    const { port } = await serveSite(t);
    assert.equal((await get(port, '/', { Host: 'example.org' })).status, 403);
    const missing = await get(port, '/none');
    assert.deepEqual([missing.status, reportIn(missing).code], [404, 'USAGE']);
    assert.deepEqual(await get(port, '/healthz').then(({ status, body }) => [status, body]), [
      200,
      '{"status":"ok","feeds":[]}',
    ]);
  });

  it('can only be read', async (t) => {
    const { port } = await serveSite(t);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      for (const path of ['/', '/healthz', '/assets/main-abc123.js', '/none']) {
        const answer = await fetchRaw(
          port,
          `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
        );
        assert.match(answer, /^HTTP\/1\.1 405 /, `${method} ${path}`);
        assert.match(answer, /\r\nallow: GET, HEAD\r\n/i);
      }
    }
    assert.match(
      await fetchRaw(
        port,
        `HEAD / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
      ),
      /^HTTP\/1\.1 200 /,
    );
  });

  it('refuses requests that name another server, or bring what nobody reads, and hangs up', async (t) => {
    const { port } = await serveSite(t);
    const head = `Host: 127.0.0.1:${port}\r\n`;
    const wrong = [
      `GET http://evil.example/ HTTP/1.1\r\n${head}\r\n`,
      `GET / HTTP/1.1\r\n${head}Host: evil.example\r\nConnection: close\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: evil.example\r\n${head}Connection: close\r\n\r\n`,
      'GET / HTTP/1.0\r\n\r\n',
      `GET / HTTP/1.1\r\n${head}Content-Length: 1000000000\r\n\r\n${'x'.repeat(100_000)}`,
      `POST / HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nff\r\n`,
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${head}\r\n`,
      `GET /api/stream HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: roadgaze.1\r\nContent-Length: 5\r\n\r\nhello`,
    ];
    for (const request of wrong)
      assert.match(await fetchRaw(port, request), /^HTTP\/1\.1 4\d\d /, request.slice(0, 100));
  });

  it('gives the range that is asked for, and the whole or a plain refusal where there is no such range', async (t) => {
    const { port } = await serveSite(t);
    for (const Range of [
      'bytes=0-3',
      'bytes=5-',
      'bytes=-4',
      'bytes=900-',
      'bytes=5-2',
      'bytes=x-y',
      'bytes=-',
      'bytes=0-1,3-4',
      'lines=1-2',
      `bytes=0-${'9'.repeat(40)}`,
      'bytes=-0',
    ]) {
      const { status } = await get(port, '/assets/main-abc123.js', { Range });
      assert.ok([200, 206, 416].includes(status), `${Range}: ${status}`);
    }
  });

  it('says that the page is not built', async (t) => {
    const { port } = await serveEmpty(t, { clientFolder: join(temporaryFolder(t), 'none') });
    const answer = await get(port, '/');
    assert.equal(answer.status, 503);
    assert.match(answer.body, /npm run build/);
  });

  it('is gone once closed', async (t) => {
    const server = await startServer({
      recordings: temporaryFolder(t),
      networks: [],
      roads: [],
      road: null,
      flags: DEFAULT_FLAG_SETTINGS,
      provider: 'cpu',
      workers: 1,
      port: 0,
      host: '127.0.0.1',
      token: null,
      clientFolder: '/nonexistent',
      lingerSeconds: 0,
    });
    const viewer = await Viewer.connect(server);
    const closed = once(viewer.socket, 'close');
    await server.close();
    assert.equal((await closed)[0], 1001);
    await assert.rejects(get(server.port, '/healthz'), /ECONNREFUSED/);
  });
});
