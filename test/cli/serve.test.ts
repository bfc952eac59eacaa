import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import type { ServerMessage } from '../../shared/protocol/control-messages.ts';
import { SUBPROTOCOL } from '../../shared/protocol/control-messages.ts';
import { serve } from '../e2e/support/serve.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

test('networks that lie in the folder of the recordings are offered first', async (t) => {
  const folder = temporaryFolder(t);
  writeSteeringNetwork(folder);
  const { port } = await serve(t, folder);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/stream`, SUBPROTOCOL);
  t.after(() => socket.terminate());
  const [text] = (await once(socket, 'message')) as [Buffer];
  const hello = JSON.parse(text.toString()) as ServerMessage;
  assert.equal(hello.type, 'hello');
  assert.equal(hello.networks[0]?.id, 'small');
});
