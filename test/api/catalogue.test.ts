import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { DrivePage } from '../../shared/protocol/catalogue-messages.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { serve } from './support/server.ts';
import { Viewer } from './support/viewer.ts';

describe('the list of drives', () => {
  test('new drives appear by themselves, and are told with what is known of them', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'first.mp4'), { frames: 30 });
    const server = await serve(t, { recordings: folder, networks: [] });
    const viewer = await Viewer.connect(server);
    const hello = await viewer.message('hello');
    assert.deepEqual(
      hello.recordings.map(({ id, durationSeconds }) => [id, durationSeconds]),
      [['first.mp4', 1]],
    );
    assert.deepEqual(hello.catalogue, {
      revision: hello.catalogue.revision,
      drives: 1,
      isScanning: false,
      notes: [],
      uploadBytes: 0,
    });
    mkdirSync(join(folder, 'new/day'), { recursive: true });
    writeFileSync(join(folder, 'new/day/second.mp4'), 'x');
    const told = await viewer.message('catalogue', ({ catalogue }) => catalogue.drives === 2);
    assert.ok(told.catalogue.revision > hello.catalogue.revision);
    assert.deepEqual(
      told.recordings.map(({ id }) => id),
      ['first.mp4', 'new/day/second.mp4'],
    );
    await viewer.close();
  });

  test('is asked for over HTTP, in parts; wrong questions and strangers are refused', async (t) => {
    const folder = temporaryFolder(t);
    await makeNumberedClip(join(folder, 'drive \u202eevil.mp4'), { frames: 30 });
    const token = '0123456789abcdef0123';
    const server = await serve(t, { recordings: folder, networks: [], token });
    const origin = `http://127.0.0.1:${server.port}`;
    const asked = (path: string, request: RequestInit = {}) =>
      fetch(`${origin}${path}`, {
        ...request,
        headers: { Authorization: `Bearer ${token}`, ...request.headers },
      });
    const answer = await asked('/api/drives?text=drive&sort=date&limit=5');
    assert.equal(answer.status, 200);
    const page = (await answer.json()) as DrivePage;
    assert.deepEqual([page.matching, page.drives.length, page.formats.length], [1, 1, 1]);
    assert.ok(!page.drives[0]!.name.includes('\u202e'));
    const strip = await asked(`/api/strip?drive=${encodeURIComponent(page.drives[0]!.id)}`);
    assert.equal(strip.headers.get('content-type'), 'image/svg+xml');
    const pictures = (await strip.text()).matchAll(/data:image\/jpeg;base64,([^"]+)/g);
    const heads = [...pictures].map(([, text]) => Buffer.from(text!, 'base64').readUInt16BE(0));
    assert.deepEqual(heads, [0xffd8, 0xffd8, 0xffd8]);
    for (const path of ['?limit=0', '?limit=201', '?sort=size', '?offset=-1', '?other=1'])
      assert.equal((await asked(`/api/drives${path}`)).status, 400, path);
    assert.equal((await asked('/api/strip?drive=../x')).status, 404);
    for (const [path, method] of [
      ['/api/drives', 'GET'],
      ['/api/strip', 'GET'],
      ['/api/uploads', 'POST'],
      ['/api/uploads/a/0', 'PUT'],
    ] as const)
      assert.equal((await fetch(`${origin}${path}`, { method })).status, 401, path);
    const foreign = { method: 'POST', headers: { Origin: 'http://elsewhere.example' } };
    assert.equal((await asked('/api/uploads', foreign)).status, 403);
  });

  test('files that are sent become a drive of the list', async (t) => {
    const folder = temporaryFolder(t);
    const server = await serve(t, { recordings: folder, networks: [], uploadBytes: 1000 });
    const at = `http://127.0.0.1:${server.port}/api/uploads`;
    const asked = async (path: string, request: RequestInit) => {
      const answer = await fetch(`${at}${path}`, request);
      return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
    };
    const list = { files: [{ path: 'trip/log.bag', bytes: 13, modified: 1 }] };
    const json = { 'Content-Type': 'application/json' };
    const [status, begun] = await asked('', {
      method: 'POST',
      headers: json,
      body: JSON.stringify(list),
    });
    assert.deepEqual([status, begun['received']], [200, [0]]);
    const upload = begun['upload'] as string;
    assert.deepEqual(await asked(`/${upload}/0?offset=0`, { method: 'PUT', body: '#ROSBAG' }), [
      200,
      { received: 7 },
    ]);
    const [refused, report] = await asked(`/${upload}/0?offset=0`, { method: 'PUT', body: '#' });
    assert.deepEqual(
      [refused, report['message']],
      [400, 'trip/log.bag goes on at byte 7, not at 0.'],
    );
    await asked(`/${upload}/0?offset=7`, { method: 'PUT', body: ' V2.0\n' });
    assert.deepEqual(await asked(`/${upload}`, { method: 'POST' }), [
      200,
      {
        path: 'uploads/trip',
        drives: [{ id: 'uploads/trip/log.bag', name: 'log' }],
        networks: [],
      },
    ]);
    for (const body of ['{', '{"files":[{"path":"../x","bytes":1,"modified":1}]}', '{"files":1}'])
      assert.equal((await asked('', { method: 'POST', headers: json, body }))[0], 400, body);
    const plain = { method: 'POST', body: JSON.stringify(list) };
    assert.equal((await asked('', plain))[0], 400);
    const elsewhere = await fetch(`http://127.0.0.1:${server.port}/api/drives`, { method: 'POST' });
    assert.equal(elsewhere.status, 405);
  });
});
