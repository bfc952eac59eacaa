import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import '../support/runes.ts';
import type { DrivePage, DriveQuery, DriveRow } from '../../shared/protocol/catalogue-messages.ts';
import { catalogueState } from './support/messages.ts';

const { DriveBrowser } = await import('../../client/state/drive-browser.svelte.ts');
import type { UploadTools } from '../../client/state/uploads.svelte.ts';
const { stripTurn } = await import('../../client/drives/strip-turns.ts');
const { UploadList } = await import('../../client/state/uploads.svelte.ts');

const MATCHING = 1000;

function row(index: number, name = `drive ${index}`): DriveRow {
  const details = { durationSeconds: 1, cameras: [], signals: [], hasLog: false };
  return { id: `${index}`, name, folder: '', format: 'video', modified: 0, details, error: null, analyses: [] }; // prettier-ignore
}

/** A server that answers when it is told to. */
function askedServer() {
  const asked: { query: DriveQuery; answer: (prefix?: string) => Promise<void> }[] = [];
  const ask = (query: DriveQuery): Promise<DrivePage> =>
    new Promise((resolve) => {
      const { offset, limit } = query;
      asked.push({
        query,
        answer: async (prefix = 'drive') => {
          const drives = Array.from({ length: limit }, (_, i) =>
            row(offset + i, `${prefix} ${offset + i}`),
          );
          const page = { matching: MATCHING, known: 0, formats: [], state: catalogueState() };
          resolve({ ...page, drives });
          await new Promise(setImmediate);
        },
      });
    });
  return { asked, ask };
}

test('rows are asked for in blocks as they come into view, and those far off are let go', async () => {
  const { asked, ask } = askedServer();
  const browser = new DriveBrowser(ask);
  browser.show(0, 12);
  assert.deepEqual(
    asked.map(({ query }) => query),
    [{ offset: 0, limit: 50 }],
  );
  await asked[0]!.answer();
  assert.deepEqual(
    [browser.row(0)?.name, browser.row(50), browser.matching],
    ['drive 0', null, MATCHING],
  );
  browser.show(45, 57);
  browser.show(46, 58);
  assert.deepEqual(
    asked.slice(1).map(({ query }) => query.offset),
    [50],
  );
  await asked[1]!.answer();
  assert.deepEqual([browser.row(0)?.name, browser.row(57)?.name], ['drive 0', 'drive 57']);
  browser.show(900, 912);
  await asked[2]!.answer();
  assert.deepEqual([browser.row(0), browser.row(905)?.name], [null, 'drive 905']);
});

test('what the list is narrowed to counts: answers to what it was before are thrown away', async () => {
  const { asked, ask } = askedServer();
  const browser = new DriveBrowser(ask);
  browser.show(0, 12);
  browser.text = ' north ';
  browser.analysed = 'flagged';
  browser.sort = 'length';
  browser.isReversed = true;
  browser.begin();
  assert.deepEqual(asked[1]!.query, {
    text: 'north',
    isFlagged: true,
    sort: 'length',
    isReversed: true,
    offset: 0,
    limit: 50,
  });
  await asked[1]!.answer('north');
  await asked[0]!.answer('old');
  assert.equal(browser.row(0)?.name, 'north 0');
  assert.ok(browser.isNarrowed);
});

test('what is new is asked for once more, however often it is told meanwhile', async () => {
  const { asked, ask } = askedServer();
  const browser = new DriveBrowser(ask);
  browser.show(0, 12);
  browser.refresh();
  browser.refresh();
  assert.equal(asked.length, 1);
  await asked[0]!.answer();
  assert.equal(asked.length, 2);
  await asked[1]!.answer('newer');
  assert.deepEqual([browser.row(3)?.name, asked.length], ['newer 3', 2]);
  browser.move(5);
  browser.move(-9);
  assert.equal(browser.active, 0);
  browser.move(2 * MATCHING);
  assert.equal(browser.active, MATCHING - 1);
});

test('pictures of lines that come together are asked for from the top, those scrolled to before them', async () => {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (name: string) =>
    ends.set(
      name,
      stripTurn(() => begun.push(name)),
    );
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) ask(name);
  assert.deepEqual(begun, ['a', 'b', 'c']);
  await Promise.resolve();
  for (const name of ['x', 'y']) ask(name);
  ends.get('e')!();
  for (const name of ['a', 'b', 'c', 'x', 'y', 'd', 'f']) ends.get(name)!();
  assert.deepEqual(begun, ['a', 'b', 'c', 'x', 'y', 'd', 'f']);
});

test('dropped files go on from where they broke off, without what systems hide in folders', async () => {
  const there = [0, 0];
  let breaks = 2;
  const begun: string[][] = [];
  const pauses: number[] = [];
  const offered: unknown[] = [];
  const tools: UploadTools = {
    begin: async (files) => {
      begun.push(files.map(({ path }) => path));
      return { upload: 'u', received: [...there] };
    },
    send: async (_upload, file, offset, part) => {
      assert.equal(offset, there[file]);
      const [from, to] = part as [number, number];
      if (breaks > 0 && from > 0) {
        breaks--;
        throw new TypeError('network');
      }
      return (there[file] = to);
    },
    finish: async () => ({
      path: 'uploads/a',
      drives: [{ id: 'uploads/a', name: 'a' }],
      networks: [{ id: 'net', name: 'Net', error: null }],
    }),
    abandon: async () => {},
    pause: async (milliseconds) => void pauses.push(milliseconds),
    now: () => 0,
  };
  const uploads = new UploadList(tools, (networks) => offered.push(...networks));
  const dropped = (path: string, bytes: number) => ({
    path,
    bytes,
    modified: 0,
    part: (from: number, to: number) => [from, to],
  });
  const big = 100 << 20;
  const sending = await uploads.add([
    dropped('a/.DS_Store', 5),
    dropped('a/video.mp4', big),
    dropped('a/log.csv', 10),
  ]);
  assert.deepEqual(there, [big, 10]);
  assert.deepEqual([sending?.state, sending?.share, sending?.name], ['done', 1, 'a']);
  assert.ok(begun.length >= 2 && begun.every((paths) => paths.join() === 'a/video.mp4,a/log.csv'));
  assert.ok(pauses.length >= 1);
  assert.deepEqual(offered, [{ id: 'net', name: 'Net', error: null }]);
  assert.equal(await uploads.add([dropped('.hidden', 1)]), null);
});

test('what the server refuses is told, and is not tried for ever', async () => {
  const report = {
    code: 'USAGE',
    message: 'This server takes no files.',
    hint: 'Copy them.',
  } as const;
  let begun = 0;
  const uploads = new UploadList({
    begin: async () => {
      begun++;
      throw new RoadgazeError(report.code, report.message, report.hint);
    },
    send: async () => 0,
    finish: async () => ({ path: '', drives: [], networks: [] }),
    abandon: async () => {},
    pause: async () => {},
    now: () => 0,
  });
  const file = { path: 'a.mp4', bytes: 1, modified: 0, part: () => null };
  const sending = await uploads.add([file]);
  assert.deepEqual([sending?.state, sending?.failure, begun], ['failed', report, 2]);
  uploads.remove(sending!);
  assert.deepEqual(uploads.list, []);
});
