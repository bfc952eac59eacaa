import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { childrenOf } from '../support/children.ts';
import { until, untilAtRest } from '../support/until.ts';
import { freeTcpPort, freeUdpPort } from './support/sources.ts';
import { decoderProcesses } from './support/watch.ts';

describe(
  'ffmpeg that waits for sources',
  {
    skip:
      process.platform === 'linux'
        ? false
        : 'processes are found in /proc, which is there on Linux only',
  },
  () => {
    it('ends when the process that started it is killed', async (t) => {
      const ports = [await freeUdpPort(), await freeTcpPort(), await freeUdpPort()];
      const addresses = [
        `udp://127.0.0.1:${ports[0]}`,
        `rtmp://127.0.0.1:${ports[1]}/live?listen=1`,
        `srt://127.0.0.1:${ports[2]}?mode=listener`,
      ];
      const owner = fork(
        fileURLToPath(new URL('./support/waiting-feeds.js', import.meta.url)),
        addresses,
      );
      t.after(() => {
        owner.kill('SIGKILL');
        for (const port of ports)
          for (const pid of decoderProcesses(`:${port}`, null)) process.kill(pid, 'SIGKILL');
      });
      const waiting = () => ports.map((port) => decoderProcesses(`:${port}`, null).length);
      await until(() => {
        assert.equal(owner.exitCode, null);
        return waiting().every((count) => count > 0);
      });
      // The guard is told a moment after ffmpeg has started: then both have nothing more to do.
      const guards = () => childrenOf(owner.pid!, (name) => name === 'sh');
      await until(async () => (await guards()).length > 0);
      await untilAtRest(owner.pid!, ...(await guards()));
      const gone = once(owner, 'exit');
      owner.kill('SIGKILL');
      await gone;
      await until(() => waiting().every((count) => count === 0));
    });
  },
);
