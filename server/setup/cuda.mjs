// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { SetupError, reportAndExit, tell } from './report.mjs';
import { beginLog, runLogged, shownLog } from './run-step.mjs';

// `npm run setup:cuda`: ONNX Runtime's CUDA provider, which its npm package fetches from NuGet in an install script.
const library = join(
  root,
  'node_modules/onnxruntime-node/bin/napi-v6',
  process.platform,
  process.arch,
  'libonnxruntime_providers_cuda.so',
);

async function fetchProvider() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      'SETUP_FAILED',
      `ONNX Runtime has no CUDA provider for Node on ${process.platform} ${process.arch}.`,
      'Use Linux on x64, or leave it to the CPU and WebGPU providers.',
    );
  }
  await prepare(['packages']);
  beginLog();
  tell('Fetching the CUDA provider of ONNX Runtime (about 300 MB) …');
  const { ok } = await runLogged(
    process.execPath,
    [join(root, 'node_modules/onnxruntime-node/script/install.js')],
    { ONNXRUNTIME_NODE_INSTALL: 'true' },
  );
  if (!ok || !existsSync(library)) {
    throw new SetupError(
      'SETUP_FAILED',
      'The CUDA provider of ONNX Runtime could not be fetched from NuGet.',
      `Check that this machine reaches NuGet; what was said is in ${shownLog}. Without it Roadgaze runs on the CPU or WebGPU.`,
    );
  }
  tell(
    'The CUDA provider is installed. It needs the libraries of CUDA and cuDNN 9; see what loads, and which is missing, with: npx roadgaze doctor',
  );
}

await fetchProvider().catch(reportAndExit);
