// @ts-check
import { spec } from 'node:test/reporters';
import { availableParallelism } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { findChromium } from './chromium.mjs';
import { npmToolsFolder } from './ffmpeg.mjs';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit, tell } from './report.mjs';
import { filesUnder } from './stale.mjs';
import { hasPassed, inOrder, testEvents, together } from './test-run.mjs';

// `npm test [-- words]`: all tests, or those whose path holds one of the words.
await prepare(['packages', 'ffmpeg', 'chromium', 'rtspServer', 'server', 'client']).catch(
  reportAndExit,
);

// Tests may call ffmpeg by its name, and drive the browser that was found.
process.env['PATH'] += delimiter + npmToolsFolder;
const chromium = findChromium();
if (chromium) process.env['ROADGAZE_CHROMIUM'] = chromium;
else tell('No Chromium was found or can be installed: the tests that need a browser are skipped.');

const words = process.argv.slice(2);
const folder = join('dist', 'node', 'test');
const files = filesUnder(
  root,
  [folder],
  (path) => path.endsWith('.test.js') && !path.startsWith(join(folder, 'bench') + sep),
)
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .map((path) => join(root, path));
const testsIn = (/** @type {string} */ name) => join(root, folder, name) + sep;
// A browser, the server and its workers want the whole machine: those tests run one at a time, beside the others, for
// most of the time they wait for a live feed or a page. They begin first: one after the other they take longest.
const endToEnd = inOrder(
  files.filter((path) => path.startsWith(testsIn('e2e'))),
  [join(root, folder, 'e2e', 'live.'), join(root, folder, 'e2e', 'panes.')],
);
/** Folders whose tests share nothing but what they load, which took most of their time: one process for each. */
const TOGETHER = [
  'explain',
  'analysis',
  'attention',
  'catalogue',
  'client',
  'inference',
  'onnx',
  'shared',
];
const shared = TOGETHER.map((name) => ({
  name,
  files: files.filter((path) => path.startsWith(testsIn(name))),
}));
const single = files.filter(
  (path) => !endToEnd.includes(path) && !shared.some(({ files: each }) => each.includes(path)),
);
const groupFile = (/** @type {string} */ name) =>
  join(root, 'dist', 'node', 'test-groups', `${name}.mjs`);
// What takes longest begins first, so that no core is without work at the end.
const others = inOrder(
  [...shared.flatMap(({ name, files: each }) => together(each, groupFile(name))), ...single],
  [
    ...['cli', 'live', 'api'].map(testsIn),
    groupFile('explain'),
    ...['mutation', 'fuzz', 'pipeline', 'drive', 'video'].map(testsIn),
  ],
);

process.chdir(root);
// What servers keep of the folders of tests is of no use to anybody.
process.env['ROADGAZE_CACHE'] = join(root, '.roadgaze/test-cache');
process.env['NODE_OPTIONS'] = '--enable-source-maps';
const totals = new Map();
const groups = [
  // A browser that draws without a GPU takes a core and more.
  { files: endToEnd, concurrency: 1, beside: availableParallelism() + 1 },
  { files: others, concurrency: Infinity },
];
// More than there are cores: many tests wait, for a program that starts or for the next picture of a feed.
const concurrency = Math.min(6, availableParallelism() + 3);
await pipeline(Readable.from(testEvents(groups, concurrency, totals)), new spec(), process.stdout, {
  end: false,
});
if (files.length === 0) tell(`No test was found${words.length ? ` for ${words.join(', ')}` : ''}.`);
process.exitCode = hasPassed(totals) ? 0 : 1;
