// @ts-check
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs `work` while no other process on this machine does so for the same folder. The lock is a listening socket, so it
 * ends with the process that holds it, however that ends.
 * @template T
 * @param {string} folder
 * @param {() => void} onWait called once when somebody else holds the lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(folder, onWait, work) {
  const name = `roadgaze-setup-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
  // Linux has an abstract name space, which leaves no file behind.
  const address = process.platform === 'linux' ? `\0${name}` : join(tmpdir(), name);
  let told = false;
  for (;;) {
    const release = await hold(address);
    if (release) {
      try {
        return await work();
      } finally {
        release();
      }
    }
    const waited = await waitForHolder(address, () => {
      if (!told) onWait();
      told = true;
    });
    if (!waited && process.platform !== 'linux') rmSync(address, { force: true });
  }
}

/**
 * @param {string} address
 * @returns {Promise<(() => void) | null>} what releases the lock; null when somebody else has it
 */
function hold(address) {
  return new Promise((resolve, reject) => {
    /** @type {Set<import('node:net').Socket>} */
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => {}).on('close', () => waiting.delete(socket));
    });
    server.on('error', (/** @type {NodeJS.ErrnoException} */ error) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(address, () =>
      resolve(() => {
        server.close();
        for (const socket of waiting) socket.destroy();
      }),
    );
  });
}

/**
 * @param {string} address
 * @param {() => void} onConnected
 * @returns {Promise<boolean>} true once the holder has let go; false when there is none
 */
function waitForHolder(address, onConnected) {
  return new Promise((resolve) => {
    let connected = false;
    const socket = connect(address, () => {
      connected = true;
      onConnected();
    });
    socket.on('error', () => {}).on('close', () => resolve(connected));
  });
}
