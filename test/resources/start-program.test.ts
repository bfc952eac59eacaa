import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Program, ProgramOptions } from '../../server/resources/program.ts';
import { MOST_UNREAD } from '../../server/resources/spawner-messages.ts';
import { Spawner } from '../../server/resources/spawner.ts';
import { startProgram } from '../../server/resources/start-program.ts';
import { exhaustionOf } from '../../shared/exhaustion.ts';

type Start = (file: string, args: readonly string[], options: ProgramOptions) => Promise<Program>;

const NODE = process.execPath;
const printing = (code: string) => ['-e', code];
const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const untilGone = async (pid: number): Promise<void> => {
  while (isRunning(pid)) await pause(10);
};
/** This thread does nothing else meanwhile: what arrives is read in one turn, later. */
const beLate = (milliseconds: number) =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const niceness = (steps: number) => Math.min(19, getPriority() + steps);

async function linesOf(program: Program): Promise<string[]> {
  const lines: string[] = [];
  createInterface({ input: program.stderr! }).on('line', (line) => lines.push(line));
  await program.closed;
  return lines;
}

function spawnerOf(t: TestContext): Spawner {
  const spawner = new Spawner();
  t.after(() => {
    if (spawner.pid !== null) process.kill(spawner.pid, 'SIGKILL');
  });
  return spawner;
}

for (const [where, steps, starting] of [
  ['here', 0, (): Start => startProgram],
  [
    'by the spawner',
    5,
    (t: TestContext): Start => {
      const spawner = spawnerOf(t);
      return (...args) => spawner.start(...args);
    },
  ],
] as const) {
  describe(`a program that is started ${where}`, () => {
    it('gives all that it prints, and its exit status after that', async (t) => {
      const program = await starting(t)(
        NODE,
        printing(
          'for (let n = 0; n < 2000; n++) console.error("line " + n); process.exitCode = 3;',
        ),
        { pipes: ['stderr'] },
      );
      assert.equal(program.stdout, null);
      assert.deepEqual(
        await linesOf(program),
        Array.from({ length: 2000 }, (_, n) => `line ${n}`),
      );
      assert.deepEqual(await program.closed, { code: 3, signal: null });
      assert.equal(isRunning(program.pid), false);
    });

    it('gives more than is kept in memory at once, byte for byte', async (t) => {
      const length = 10 * MOST_UNREAD + 7;
      const { stdout, closed } = await starting(t)(
        NODE,
        printing(`process.stdout.write(Buffer.alloc(${length}, "0123456789"))`),
        { pipes: ['stdout'] },
      );
      const chunks: Buffer[] = [];
      for await (const chunk of stdout! as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        // Slower than it comes.
        await pause(1);
      }
      assert.ok(Buffer.concat(chunks).equals(Buffer.alloc(length, '0123456789')));
      assert.deepEqual(await closed, { code: 0, signal: null });
    });

    it('waits with what nobody reads, and ends when nobody wants it any more', async (t) => {
      const start = starting(t);
      const program = await start(
        NODE,
        printing(
          'const fs = require("node:fs"); let n = 0; for (;;) { fs.writeSync(1, Buffer.alloc(65536)); fs.writeSync(2, ++n + "\\n"); }',
        ),
        { pipes: ['stdout', 'stderr'] },
      );
      let blocks = 0;
      createInterface({ input: program.stderr! }).on('line', () => blocks++);
      let before = -1;
      while (before !== blocks || blocks === 0) {
        before = blocks;
        await pause(300);
      }
      assert.ok(program.stdout!.readableLength <= 2 * MOST_UNREAD);
      program.stdout!.destroy();
      program.kill('SIGTERM');
      assert.deepEqual(await program.closed, { code: null, signal: 'SIGTERM' });
    });

    it('loses nothing where its start, output and end are met in one turn of a late event loop', async (t) => {
      const start = starting(t);
      // The spawner is up.
      await (
        await start('/bin/sh', ['-c', 'exit 0'], { pipes: [] })
      ).closed;
      const codes = [1, 2, 3, 4];
      const ends = codes.map(async (code) => {
        const program = await start('/bin/sh', ['-c', `echo one >&2; echo two >&2; exit ${code}`], {
          pipes: ['stderr'],
        });
        return [await linesOf(program), await program.closed] as const;
      });
      beLate(700);
      assert.deepEqual(
        await Promise.all(ends),
        codes.map((code) => [['one', 'two'], { code, signal: null }]),
      );
    });

    it('reads all that is written to it, in its time, and then its end', async (t) => {
      const program = await starting(t)(
        NODE,
        printing(
          'const hash = require("node:crypto").createHash("sha256"); process.stdin.on("data", (chunk) => { hash.update(chunk); process.stdin.pause(); setTimeout(() => process.stdin.resume(), 2); }).on("end", () => console.error(hash.digest("hex")));',
        ),
        { pipes: ['stdin', 'stderr'] },
      );
      const pieces = Array.from({ length: 40 }, (_, n) => Buffer.alloc(1 + n * 4001, `piece ${n}`));
      Readable.from(pieces, { objectMode: false }).pipe(program.stdin!);
      const expected = createHash('sha256').update(Buffer.concat(pieces)).digest('hex');
      assert.deepEqual(await linesOf(program), [expected]);
    });

    it('may end before it has read all that is written to it', async (t) => {
      const program = await starting(t)('/bin/sh', ['-c', 'exit 4'], { pipes: ['stdin'] });
      program.stdin!.on('error', () => {});
      for (let n = 0; n < 20; n++) program.stdin!.write(Buffer.alloc(100_000));
      assert.deepEqual(await program.closed, { code: 4, signal: null });
    });

    it('sends and takes messages where it has a channel', async (t) => {
      const program = await starting(t)(
        NODE,
        printing(
          'process.on("message", ({ bytes }) => { process.send({ sum: bytes.reduce((a, b) => a + b), map: new Map([["bytes", bytes]]) }, () => process.disconnect()); });',
        ),
        { pipes: [], hasChannel: true },
      );
      const reply = new Promise((resolve) => (program.channel!.take = resolve));
      const bytes = new Uint8Array(300_000).fill(3);
      program.channel!.send({ bytes });
      assert.deepEqual(await reply, { sum: 900_000, map: new Map([['bytes', bytes]]) });
      assert.deepEqual(await program.closed, { code: 0, signal: null });
      // To what is gone, a message is nothing.
      program.channel!.send({ bytes });
    });

    it('is ended by the signal that it is sent', async (t) => {
      const program = await starting(t)('/bin/sh', ['-c', 'sleep 600'], { pipes: [] });
      program.kill('SIGKILL');
      assert.deepEqual(await program.closed, { code: null, signal: 'SIGKILL' });
      // To what is gone, a signal is nothing.
      program.kill('SIGKILL');
    });

    it('rejects with the system’s error where it cannot be started', async (t) => {
      await assert.rejects(starting(t)('/nonexistent/program', [], { pipes: ['stderr'] }), {
        code: 'ENOENT',
        syscall: 'spawn /nonexistent/program',
      });
    });

    it('has the environment that it is given, and gives way where it works in the background', async (t) => {
      const start = starting(t);
      const front = await start('/bin/sleep', ['600'], { pipes: [] });
      const back = await start('/bin/sh', ['-c', 'echo $GREETING >&2; sleep 0.5; exit 0'], {
        pipes: ['stderr'],
        env: { ...process.env, GREETING: 'hello' },
        inBackground: true,
      });
      assert.equal(getPriority(front.pid), niceness(steps));
      assert.equal(getPriority(back.pid), niceness(steps + 5));
      assert.deepEqual(await linesOf(back), ['hello']);
      front.kill('SIGKILL');
      await front.closed;
    });
  });
}

describe('the spawner', () => {
  it(
    'is what its programs are children of',
    { skip: process.platform !== 'linux' && 'parents are read from /proc' },
    async (t) => {
      const spawner = spawnerOf(t);
      const program = await spawner.start('/bin/sleep', ['600'], { pipes: [] });
      const status = readFileSync(`/proc/${program.pid}/status`, 'latin1');
      assert.equal(Number(/PPid:\s+(\d+)/.exec(status)![1]), spawner.pid);
    },
  );

  it('takes its programs with it when it is killed, and another one starts the next', async (t) => {
    const spawner = spawnerOf(t);
    const first = await spawner.start('/bin/sleep', ['600'], { pipes: ['stderr'] });
    const { pid } = spawner;
    process.kill(pid!, 'SIGKILL');
    first.stderr!.resume();
    assert.deepEqual(await first.closed, { code: null, signal: 'SIGKILL' });
    await untilGone(first.pid);
    const second = await spawner.start('/bin/sh', ['-c', 'exit 5'], { pipes: [] });
    assert.deepEqual(await second.closed, { code: 5, signal: null });
    assert.notEqual(spawner.pid, pid);
  });

  it('tells who waits for a start when it is killed', async (t) => {
    const spawner = spawnerOf(t);
    const starting = spawner.start('/bin/sleep', ['600'], { pipes: [] });
    // It has not come up yet.
    process.kill(spawner.pid!, 'SIGKILL');
    await assert.rejects(starting, /has ended/);
    const second = await spawner.start('/bin/sh', ['-c', 'exit 0'], { pipes: [] });
    assert.deepEqual(await second.closed, { code: 0, signal: null });
  });

  it('survives the signals that a terminal sends to the whole group', async (t) => {
    const spawner = spawnerOf(t);
    await (
      await spawner.start('/bin/sh', ['-c', 'exit 0'], { pipes: [] })
    ).closed;
    const { pid } = spawner;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid!, signal);
    const program = await spawner.start('/bin/sh', ['-c', 'exit 0'], { pipes: [] });
    assert.deepEqual(await program.closed, { code: 0, signal: null });
    assert.equal(spawner.pid, pid);
  });

  it(
    'tells that the machine has no more descriptors where it has none for a program',
    { skip: !existsSync('/usr/bin/prlimit') && 'prlimit is not installed' },
    async (t) => {
      const spawner = spawnerOf(t);
      const start = () => spawner.start('/bin/sh', ['-c', 'exit 0'], { pipes: ['stderr'] });
      (await start()).stderr!.resume();
      const open = readdirSync(`/proc/${spawner.pid}/fd`).length;
      const allow = (count: number) =>
        execFileSync('/usr/bin/prlimit', ['--pid', `${spawner.pid}`, `--nofile=${count}:4096`]);
      allow(open);
      await assert.rejects(start(), (error) => /descriptors/.test(exhaustionOf(error)!.message));
      allow(4096);
      const program = await start();
      program.stderr!.resume();
      assert.deepEqual(await program.closed, { code: 0, signal: null });
    },
  );

  for (const [how, act] of [
    ['is killed', (owner: ReturnType<typeof fork>) => owner.kill('SIGKILL')],
    ['exits', (owner: ReturnType<typeof fork>) => owner.send('exit')],
  ] as const)
    it(`ends, and its programs with it, when the process that it serves ${how}`, async (t) => {
      const owner = fork(fileURLToPath(new URL('./support/owner.js', import.meta.url)));
      t.after(() => owner.kill('SIGKILL'));
      const [pids] = (await once(owner, 'message')) as [number[]];
      assert.equal(pids.length, 3);
      assert.ok(pids.every(isRunning));
      act(owner);
      for (const pid of pids) await untilGone(pid);
    });

  it('keeps its process as long as a program runs, and no longer', async () => {
    const owner = fork(fileURLToPath(new URL('./support/owner.js', import.meta.url)), ['short'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    let printed = '';
    owner.stdout!.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const [code] = (await once(owner, 'exit')) as [number];
    assert.equal(code, 0);
    assert.equal(printed, 'closed 7\n');
  });
});
