// @ts-check
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { lastError, runNpm } from './packages.mjs';
import { root, stateFolder } from './project.mjs';
import { SetupError } from './report.mjs';
import { shownLog } from './run-step.mjs';

const NAME = 'onnxruntime-node';

/** Whether the server will find ONNX Runtime: in a checkout's packages, or beside or inside an installed package. */
export function isRuntimeThere(folder = root) {
  try {
    createRequire(join(folder, 'package.json')).resolve(NAME);
    return true;
  } catch {
    return false;
  }
}

/**
 * Fetches ONNX Runtime for an installed package. It is no dependency of the package, because its own
 * install script fetches CUDA libraries, and fails the whole installation where it cannot reach them.
 */
export async function installRuntime() {
  const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folder = join(stateFolder, 'runtime');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const { ok, output } = await runNpm([
    'install',
    '--prefix',
    folder,
    '--ignore-scripts',
    `${NAME}@${peerDependencies[NAME]}`,
  ]);
  const link = join(root, 'node_modules', NAME);
  if (ok && !existsSync(link)) {
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    symlinkSync(join(folder, 'node_modules', NAME), link, 'junction');
  }
  if (ok && isRuntimeThere()) return;
  throw new SetupError(
    'SETUP_FAILED',
    `ONNX Runtime could not be installed: ${lastError(output)}`,
    `Check the connection and start again, or install it yourself: npm install --ignore-scripts ${NAME}. What npm said is in ${shownLog}.`,
  );
}
