// @ts-check
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from 'node:test';
import { pathToFileURL } from 'node:url';

/** The lines with which a test run of Node ends, and in this order. */
const TOTALS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'];

/**
 * Runs test files, each in a process of its own and `concurrency` of them at once, as one run with one set of closing
 * lines. What is begun next is the first file of the first group that does not run as many as it may. Files are told in
 * the order in which they began.
 * @param {readonly { files: readonly string[], concurrency: number, beside?: number }[]} groups `beside`: so many of
 * other groups at most, as long as there is something of this one
 * @param {number} concurrency of all groups together
 * @param {Map<string, number>} totals filled in by the time the events end
 */
export async function* testEvents(groups, concurrency, totals) {
  for (const name of TOTALS) totals.set(name, 0);
  const begin = performance.now();
  const queues = groups.map((group) => ({ ...group, files: [...group.files], running: 0 }));
  /** @type {PassThrough[]} */
  const begun = [];
  let running = 0;
  const allowed = () =>
    queues.reduce(
      (least, { files, running: own, concurrency: most, beside }) =>
        files.length + own > 0 && beside !== undefined ? Math.min(least, most + beside) : least,
      concurrency,
    );
  const beginMore = () => {
    while (running < allowed()) {
      const queue = queues.find((each) => each.files.length > 0 && each.running < each.concurrency);
      const file = queue?.files.shift();
      if (!queue || file === undefined) return;
      queue.running++;
      running++;
      // Keeps what nobody reads yet, so that no run waits for the report of those before it.
      const told = new PassThrough({ objectMode: true, highWaterMark: Number.MAX_SAFE_INTEGER });
      const events = run({ files: [file], timeout: 600_000 });
      events.once('end', () => {
        queue.running--;
        running--;
        beginMore();
      });
      begun.push(events.pipe(told));
    }
  };
  beginMore();
  // Grows while it is read: the end of one run begins the next.
  for (const events of begun)
    for await (const event of events) {
      if (/** @type {string} */ (event.type) === 'test:summary') continue;
      const total = event.type === 'test:diagnostic' ? totalIn(event.data) : null;
      if (total) totals.set(total.name, (totals.get(total.name) ?? 0) + total.value);
      else yield event;
    }
  totals.set('duration_ms', performance.now() - begin);
  for (const [name, value] of totals)
    yield {
      type: 'test:diagnostic',
      data: { nesting: 0, message: `${name} ${Math.round(value)}` },
    };
}

/**
 * The files whose path begins so first, in this order, then the others.
 * @param {readonly string[]} files
 * @param {readonly string[]} starts
 */
export function inOrder(files, starts) {
  /** @param {string} path */
  const rank = (path) => {
    const found = starts.findIndex((start) => path.startsWith(start));
    return found < 0 ? starts.length : found;
  };
  return files.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * One file in place of those that may share a process: what they import is loaded once. A single
 * one stays as it is.
 * @param {readonly string[]} files
 * @param {string} file is written; it imports them
 * @returns {string[]}
 */
export function together(files, file) {
  if (files.length < 2) return [...files];
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    files.map((path) => `import ${JSON.stringify(pathToFileURL(path).href)};\n`).join(''),
  );
  return [file];
}

/** @param {{ nesting: number, message: string }} diagnostic */
function totalIn({ nesting, message }) {
  const [, name = '', value = ''] = /^(\w+) ([\d.]+)$/.exec(message) ?? [];
  return nesting === 0 && TOTALS.includes(name) ? { name, value: Number(value) } : null;
}

/**
 * Nothing that ran is no success.
 * @param {Map<string, number>} totals
 */
export function hasPassed(totals) {
  /** @param {string} name */
  const of = (name) => totals.get(name) ?? 0;
  return of('fail') === 0 && of('cancelled') === 0 && of('pass') > 0;
}
