import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import {
  parseWebhookUrl,
  waitAfter,
  Webhook,
  type WebhookLimits,
} from '../../server/alerts/webhook.ts';

interface Taken {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that answers as told, and the webhook that posts to it. */
async function receiver(
  t: TestContext,
  answer: (response: ServerResponse, count: number) => void,
  limits: Partial<WebhookLimits> = {},
) {
  const taken: Taken[] = [];
  let heard: () => void = () => {};
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    taken.push({ headers: request.headers, body });
    answer(response, taken.length);
    heard();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const failures: string[] = [];
  const webhook = new Webhook({
    url: parseWebhookUrl(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=hidden`,
    ),
    secret: 'shared',
    onFailure: (sentence) => {
      failures.push(sentence);
      heard();
    },
    limits: { firstWait: 5, ...limits },
  });
  t.after(async () => {
    await webhook.close();
    server.closeAllConnections();
    server.close();
  });
  const until = async (condition: () => boolean) => {
    while (!condition())
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
  };
  return { webhook, taken, failures, until };
}

const accept = (response: ServerResponse) => response.writeHead(204).end();
const refuse =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(status, headers).end();
const numberOf = ({ body }: Taken): number => (JSON.parse(body) as { number: number }).number;
const leftOutOf = ({ body }: Taken): number => (JSON.parse(body) as { leftOut: number }).leftOut;

test('a delivery is JSON, signed over its time and body', async (t) => {
  const { webhook, taken, until } = await receiver(t, accept);
  webhook.send({ number: 1, text: 'Straße' });
  await until(() => taken.length === 1);
  const [{ headers, body }] = taken as [Taken];
  assert.deepEqual(JSON.parse(body), { number: 1, text: 'Straße', leftOut: 0 });
  assert.equal(headers['content-type'], 'application/json');
  const timestamp = headers['x-roadgaze-timestamp'] as string;
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1000) < 60);
  assert.equal(
    headers['x-roadgaze-signature'],
    `sha256=${createHmac('sha256', 'shared').update(`${timestamp}.${body}`).digest('hex')}`,
  );
});

test('a failing receiver is tried again, and later deliveries keep their order', async (t) => {
  const { webhook, taken, failures, until } = await receiver(t, (response, count) =>
    count < 3 ? refuse(count === 1 ? 500 : 429)(response) : accept(response),
  );
  webhook.send({ number: 1 });
  webhook.send({ number: 2 });
  await until(() => taken.length === 4);
  assert.deepEqual(taken.map(numberOf), [1, 1, 1, 2]);
  assert.deepEqual(failures, []);
});

test('a connection that breaks is tried again', async (t) => {
  const { webhook, taken, until } = await receiver(t, (response, count) =>
    count === 1 ? response.destroy() : accept(response),
  );
  webhook.send({ number: 1 });
  await until(() => taken.length === 2);
  assert.deepEqual(taken.map(numberOf), [1, 1]);
});

test("a receiver that goes on failing is given up in one sentence without the address's path, and the next delivery counts it", async (t) => {
  const { webhook, taken, failures, until } = await receiver(
    t,
    (response, count) => (count <= 3 ? refuse(503)(response) : accept(response)),
    { tries: 3 },
  );
  webhook.send({ number: 1 });
  await until(() => failures.length === 1);
  assert.match(
    failures[0]!,
    /^An alert was not delivered to the webhook at 127\.0\.0\.1:\d+ after 3 tries: it answered 503\.$/,
  );
  webhook.send({ number: 2 });
  await until(() => taken.length === 4);
  assert.deepEqual([numberOf(taken[3]!), leftOutOf(taken[3]!)], [2, 1]);
});

test('what will not be better another time is not tried again: a refusal, a redirect', async (t) => {
  const { webhook, taken, failures, until } = await receiver(t, (response, count) =>
    refuse(count === 1 ? 404 : 302, { location: '/elsewhere' })(response),
  );
  webhook.send({ number: 1 });
  webhook.send({ number: 2 });
  await until(() => failures.length === 2);
  assert.equal(taken.length, 2);
  assert.match(failures[0]!, /it answered 404\.$/);
  assert.match(failures[1]!, /it answered 302, and redirects are not followed\.$/);
});

test('a receiver that never answers is given up', async (t) => {
  const { webhook, failures, until } = await receiver(t, () => {}, { timeout: 50, tries: 2 });
  webhook.send({ number: 1 });
  await until(() => failures.length === 1);
  assert.match(failures[0]!, /after 2 tries: it did not answer in time\.$/);
});

test('of more than fit the queue the oldest are left out, and counted', async (t) => {
  const waiting: ServerResponse[] = [];
  const { webhook, taken, until } = await receiver(
    t,
    (response, count) => (count === 1 ? waiting.push(response) : accept(response)),
    { queue: 2 },
  );
  webhook.send({ number: 0 });
  await until(() => taken.length === 1);
  for (let number = 1; number <= 5; number++) webhook.send({ number });
  accept(waiting[0]!);
  await until(() => taken.length === 3);
  assert.deepEqual(
    taken.map((each) => [numberOf(each), leftOutOf(each)]),
    [
      [0, 0],
      [4, 3],
      [5, 0],
    ],
  );
});

test("more than a minute's worth is left out", async (t) => {
  const { webhook, taken, until } = await receiver(t, accept, { perMinute: 3 });
  for (let number = 0; number < 10; number++) webhook.send({ number });
  await until(() => taken.length === 3);
  await webhook.close();
  assert.deepEqual(taken.map(numberOf), [0, 1, 2]);
});

test('a minute later there is room again, and no sooner', async (t) => {
  let now = 1000;
  const { webhook, taken, until } = await receiver(t, accept, { perMinute: 2 });
  t.mock.method(performance, 'now', () => now);
  const sendAt = (time: number, number: number): void => {
    now = 1000 + time;
    webhook.send({ number });
  };
  sendAt(0, 1);
  sendAt(30_000, 2);
  sendAt(59_999, 3);
  sendAt(60_000, 4);
  sendAt(89_999, 5);
  sendAt(90_000, 6);
  await until(() => taken.length === 4);
  assert.deepEqual(taken.map(numberOf), [1, 2, 4, 6]);
  assert.equal(
    taken.map(leftOutOf).reduce((sum, count) => sum + count, 0),
    2,
  );
});

test('waits double up to the longest, half of each by chance, and are no shorter than the receiver asked', () => {
  const limits = { firstWait: 1000, longestWait: 60_000 };
  const waits = (chance: number, asked = 0) =>
    [1, 2, 3, 6, 7, 30].map((attempt) => waitAfter(attempt, asked, limits, chance));
  assert.deepEqual(waits(1), [1000, 2000, 4000, 32_000, 60_000, 60_000]);
  assert.deepEqual(waits(0), [500, 1000, 2000, 16_000, 30_000, 30_000]);
  assert.deepEqual(waits(0.5, 7000), [7000, 7000, 7000, 24_000, 45_000, 45_000]);
  assert.deepEqual(waits(0, 1e9), new Array(6).fill(60_000));
  const drawn = waitAfter(1, 0, limits);
  assert.ok(drawn >= 500 && drawn < 1000);
});

test('a receiver that is busy says in seconds when to come again', async (t) => {
  const { webhook, taken, failures, until } = await receiver(
    t,
    (response, count) => refuse(count === 1 ? 408 : 429, { 'retry-after': '3600' })(response),
    { tries: 3, longestWait: 1 },
  );
  webhook.send({ number: 1 });
  await until(() => failures.length === 1);
  assert.equal(taken.length, 3);
  assert.match(failures[0]!, /after 3 tries: it answered 429\.$/);
});

test('a receiver that is not there is given up with what the system says', async () => {
  const failures: string[] = [];
  const gone = createServer();
  gone.listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  await new Promise<void>((resolve) => {
    new Webhook({
      url: parseWebhookUrl(`http://127.0.0.1:${port}/`),
      secret: 'shared',
      onFailure: (sentence) => {
        failures.push(sentence);
        resolve();
      },
      limits: { tries: 1 },
    }).send({ number: 1 });
  });
  assert.match(
    failures[0]!,
    /webhook at 127\.0\.0\.1:\d+: it cannot be reached \(ECONNREFUSED\)\.$/,
  );
});

test('closing ends a delivery that waits for its next try', async (t) => {
  const { webhook, taken, failures, until } = await receiver(t, refuse(500), { firstWait: 60_000 });
  webhook.send({ number: 1 });
  await until(() => taken.length === 1);
  await webhook.close();
  assert.deepEqual(failures, []);
});

for (const text of [
  '',
  'example.org/hook',
  'ftp://example.org/hook',
  'file:///etc/passwd',
  'http://user:word@example.org/',
]) {
  test(`"${text}" is refused as a webhook's address`, () => {
    assert.throws(() => parseWebhookUrl(text), { code: 'USAGE' });
  });
}
