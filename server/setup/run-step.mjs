// @ts-check
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, stateFolder } from './project.mjs';
import { SetupError } from './report.mjs';

const logPath = join(stateFolder, 'setup.log');

/** The log of the last set-up, as a person in the current folder would type it. */
export const shownLog = relative(process.cwd(), logPath);

/** Empties the log: it belongs to the set-up that begins now. */
export function beginLog() {
  try {
    mkdirSync(stateFolder, { recursive: true });
    writeFileSync(logPath, '');
  } catch {
    throw new SetupError(
      'SETUP_FAILED',
      `Something has to be installed or built, but ${root} cannot be written to.`,
      'Run this once as the owner of that folder, or give yourself permission to write there.',
    );
  }
}

/**
 * Runs a program in the checkout; what it writes goes to the log and into the result.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env] added to this process's own
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function runLogged(program, args, env = {}) {
  appendFileSync(logPath, `\n$ ${[program, ...args].join(' ')}\n`);
  return new Promise((resolve) => {
    let output = '';
    /** @param {string} text */
    const write = (text) => {
      output += text;
      appendFileSync(logPath, text);
    };
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', write);
    child.stderr.setEncoding('utf8').on('data', write);
    child.on('error', (error) => {
      write(`${error.message}\n`);
      resolve({ ok: false, output });
    });
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}
