import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exhaustionOf } from '../../shared/exhaustion.ts';
import type { ProviderName } from './session-chain.ts';

export interface ProviderProbe {
  readonly loads: boolean;
  /** Why not, in a few words; empty where it loads. */
  readonly reason: string;
}

const probes = new Map<ProviderName, Promise<ProviderProbe>>();

/**
 * Whether an execution provider really loads here: a tiny model runs on it in a process of its own,
 * because a driver that crashes, or writes to the terminal, must not do so in this one. Asked once
 * per process.
 */
export function probeProvider(name: ProviderName): Promise<ProviderProbe> {
  let probe = probes.get(name);
  if (!probe)
    probes.set(
      name,
      (probe = name === 'cpu' ? Promise.resolve({ loads: true, reason: '' }) : ask(name)),
    );
  return probe;
}

/** Longest time for a driver to come up. */
const LIMIT_MS = 20_000;

function ask(name: ProviderName): Promise<ProviderProbe> {
  if (name === 'cuda' && !cudaLibrary())
    return Promise.resolve({
      loads: false,
      reason: 'its library is not installed (npm run setup:cuda)',
    });
  const child = fileURLToPath(new URL('./provider-probe-child.js', import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [child, name],
      { timeout: LIMIT_MS, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        // It may come up when the machine has room again.
        if (exhaustionOf(error)) probes.delete(name);
        const answer = stdout.trim().split('\n').at(-1) ?? '';
        if (!error && answer === 'loads') resolve({ loads: true, reason: '' });
        else
          resolve({
            loads: false,
            reason: explain(
              name,
              answer || (error?.killed ? 'it did not come up in time' : 'its driver crashed'),
              stderr,
            ),
          });
      },
    );
  });
}

function explain(name: ProviderName, reason: string, printed: string): string {
  // ONNX Runtime says on the terminal which library it misses, and in its error only that one is
  // missing.
  const library = /\b(lib[\w.+-]+\.so[.\d]*): cannot open shared object file/.exec(printed)?.[1];
  if (name === 'cuda' && library) return `${library} is not found`;
  if (name === 'webgpu' && /adapter|vulkan|dawn|webgpu_context/i.test(reason))
    return 'no Vulkan driver that it can use';
  if (name === 'cuda' && /shared library|libcud|libcublas/i.test(reason))
    return 'the CUDA libraries are missing';
  return reason;
}

function cudaLibrary(): boolean {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')),
    'bin',
    'napi-v6',
    process.platform,
    process.arch,
  );
  return existsSync(
    join(
      folder,
      process.platform === 'win32'
        ? 'onnxruntime_providers_cuda.dll'
        : 'libonnxruntime_providers_cuda.so',
    ),
  );
}
