import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Requests, type Request } from '../../client/stream/requests.ts';
import type { ClientMessage } from '../../shared/protocol/control-messages.ts';

function make() {
  const sent: ClientMessage[] = [];
  const heard: string[] = [];
  const requests = new Requests({ send: (message) => sent.push(message) > 0 });
  const submit = (name: string) => {
    const request: Request = {
      message: (number) => ({ type: 'verify', request: number, kind: 'off-road', startFrame: 7 }),
      progress: (done, total) => heard.push(`${name} ${done}/${total}`),
      answered: ({ request }) => heard.push(`${name} = ${request}`),
      failed: (reason) => heard.push(`${name}: ${reason}`),
      forgotten: () => heard.push(`${name} forgotten`),
    };
    requests.submit(request);
    return request;
  };
  return { sent, heard, requests, submit };
}

test('requests are counted, and answers go to the one they name', () => {
  const { sent, heard, requests, submit } = make();
  submit('a');
  submit('b');
  requests.progress(2, 1, 9);
  requests.progress(1, 3, 4);
  requests.fail(2, { code: 'USAGE', message: 'No.', hint: 'Look.' });
  requests.answer({ type: 'explained', request: 1, note: null });
  requests.answer({ type: 'explained', request: 1, note: null });
  assert.deepEqual(
    sent.map((message) => 'request' in message && message.request),
    [1, 2],
  );
  assert.deepEqual(heard, ['b 1/9', 'a 3/4', 'b: No. Look.', 'a = 1']);
});

test('one that was taken back is cancelled, and hears nothing of what was on its way', () => {
  const { sent, heard, requests, submit } = make();
  const request = submit('a');
  requests.withdraw(request);
  requests.progress(1, 1, 2);
  requests.fail(1, { code: 'USAGE', message: 'No.', hint: 'Look.' });
  requests.answer({ type: 'explained', request: 1, note: null });
  assert.deepEqual(sent.at(-1), { type: 'cancel', request: 1 });
  assert.deepEqual(heard, []);
  requests.withdraw(request);
  assert.equal(sent.length, 2);
});

test('after a new beginning nothing old is answered, which each is told once, and numbers go on', () => {
  const { sent, heard, requests, submit } = make();
  submit('a');
  requests.clear();
  assert.deepEqual(heard, ['a forgotten']);
  requests.progress(1, 1, 2);
  requests.answer({ type: 'explained', request: 1, note: null });
  submit('b');
  assert.deepEqual(heard, ['a forgotten']);
  assert.deepEqual(sent.at(-1), { type: 'verify', request: 2, kind: 'off-road', startFrame: 7 });
});
