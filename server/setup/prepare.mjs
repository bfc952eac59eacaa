// @ts-check
import { canInstallChromium, findChromium, installChromium } from './chromium.mjs';
import { client, server } from './compile.mjs';
import { findFfmpeg, installFfmpeg } from './ffmpeg.mjs';
import { withLock } from './lock.mjs';
import { installPackages, packagesAreCurrent } from './packages.mjs';
import { root } from './project.mjs';
import { tell } from './report.mjs';
import { installRuntime, isRuntimeThere } from './runtime.mjs';
import { installRtspServer, isRtspServerMissing } from './rtsp-server.mjs';
import { beginLog } from './run-step.mjs';

/**
 * What a command can need, in the order in which it is made. What shares a `stage` is made at the same time.
 * @type {Record<'packages' | 'runtime' | 'ffmpeg' | 'chromium' | 'rtspServer' | 'server' | 'client', { stage: number, missing: () => boolean, make: () => Promise<void>, telling: string }>}
 */
const STEPS = {
  packages: {
    stage: 0,
    missing: () => !packagesAreCurrent(),
    make: installPackages,
    telling: 'Installing npm packages',
  },
  // After the packages of a checkout, which bring it.
  runtime: {
    stage: 1,
    missing: () => !isRuntimeThere(),
    make: installRuntime,
    telling: 'Installing ONNX Runtime',
  },
  ffmpeg: {
    stage: 1,
    missing: () => !findFfmpeg(),
    make: installFfmpeg,
    telling: 'Installing ffmpeg',
  },
  chromium: {
    stage: 2,
    missing: () => !findChromium() && canInstallChromium(),
    make: installChromium,
    telling: 'Installing Chromium for the tests',
  },
  // After the browser: one package at a time.
  rtspServer: {
    stage: 3,
    missing: isRtspServerMissing,
    make: installRtspServer,
    telling: 'Installing an RTSP server for the tests',
  },
  server: {
    stage: 4,
    missing: server.isStale,
    make: server.build,
    telling: 'Compiling the server',
  },
  client: { stage: 4, missing: client.isStale, make: client.build, telling: 'Building the page' },
};

/**
 * Makes what is missing or stale, one process at a time; does and says nothing when there is nothing to do.
 * Throws SetupError.
 * @param {readonly (keyof typeof STEPS)[]} needs
 */
export async function prepare(needs) {
  const steps = needs.map((need) => STEPS[need]);
  if (!steps.some((step) => step.missing())) return;
  await withLock(
    root,
    () => tell('Roadgaze is being set up by another start; waiting for it …'),
    async () => {
      if (!steps.some((step) => step.missing())) return;
      beginLog();
      const started = Date.now();
      for (const stage of [0, 1, 2, 3, 4]) {
        const results = await Promise.allSettled(
          steps
            .filter((step) => step.stage === stage && step.missing())
            .map((step) => {
              tell(`${step.telling} …`);
              return step.make();
            }),
        );
        for (const result of results) if (result.status === 'rejected') throw result.reason;
      }
      tell(`Set up in ${Math.max(1, Math.round((Date.now() - started) / 1000))} s.`);
    },
  );
}
