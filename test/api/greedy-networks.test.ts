import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeNumberedClip } from '../support/clips.ts';
import { greedyNetworks } from '../support/greedy-networks.ts';
import { sharedFolder, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

/**
 * Of the self-made kinds every fifth: all of them are read elsewhere, and this must not take long.
 */
const EVERY = 5;

test('a server with networks that ask for too much answers all the while, and opens each or says why not', async (t) => {
  const folder = temporaryFolder(t);
  await makeNumberedClip(join(folder, 'a.mp4'), { frames: 3, size: [160, 96] });
  Object.values(greedyNetworks).forEach(({ bytes }, index) => {
    if (index % EVERY === 0) writeFileSync(join(folder, `greedy${index}.onnx`), bytes());
  });
  const hostile = sharedFolder ? join(sharedFolder, 'real', 'hostile') : '';
  if (existsSync(hostile))
    for (const name of readdirSync(hostile))
      if (name.endsWith('.onnx')) cpSync(join(hostile, name), join(folder, name));
  // Four that open, so that reading one is seen not to hold up the server.
  const small = writeSteeringNetwork(folder);
  for (const copy of ['second', 'third', 'fourth'])
    for (const kind of ['.onnx', '.json'])
      cpSync(small.replace(/\.onnx$/, kind), join(folder, `${copy}${kind}`));
  const server = await serve(t, { recordings: folder, networks: [folder] });

  const viewer = await Viewer.connect(server);
  const { networks } = await viewer.until(
    () => viewer.messages.find((message) => message.type === 'hello'),
    'hello',
  );
  assert.ok(networks.length >= 8);
  /** Networks that kept the server from answering anybody until they were read. */
  const blocking: string[] = [];
  for (const { id, error } of networks) {
    const since = viewer.messages.length;
    const answers = () =>
      viewer.messages
        .slice(since)
        .find((message) => message.type === 'opened' || message.type === 'error');
    viewer.send({
      type: 'open',
      recording: 'a.mp4',
      network: id,
      methods: ['visualbackprop', 'gradient'],
    });
    // Asked at the same time: reading a network takes another process, and this does not.
    assert.ok((await fetch(`http://127.0.0.1:${server.port}/healthz`)).ok);
    if (!error && answers()) blocking.push(id);
    const answer = await viewer.until(answers, `an answer for ${id}`);
    if (answer.type !== 'error') continue;
    assert.notEqual(answer.code, 'INTERNAL', `${id}: ${answer.message}`);
    assert.match(answer.message, /^[^\n]+\.$/, id);
    assert.doesNotMatch(answer.message, /onnxruntime|ORT|Non-zero status/, id);
  }
  assert.ok(networks.filter(({ error }) => !error).length > 3);
  assert.deepEqual(blocking, []);
  await viewer.close();
});
