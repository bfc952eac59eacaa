import { availableParallelism } from 'node:os';
import { RoadgazeError } from '../../shared/errors.ts';
import { MAX_BATCH, SLOW_MS } from './batches.ts';
import { withLargeModelsInFiles } from './large-models.ts';
import { memoryForInference, memoryOf, whileTaking, withinMemory } from './memory-bound.ts';
import { agree } from './provider-agreement.ts';
import { probeProvider } from './provider-probe.ts';
import type { ProviderName, SessionChain } from './session-chain.ts';
import { WorkerPool } from './worker-pool.ts';

export interface ChosenPool {
  readonly pool: WorkerPool;
  readonly provider: ProviderName;
  readonly workers: number;
  /** One line for every provider that was tried and not taken. */
  readonly passedOver: readonly string[];
}

export interface ProviderWish {
  readonly provider: ProviderName | 'auto';
  /** Worker threads on the CPU; null: as many as fit the machine. */
  readonly workers: number | null;
}

/** A decoder needs the other cores; more workers than this only wait for it. */
const MOST_WORKERS = 8;

/**
 * Starts inference on the wished provider, or on the fastest that loads: CUDA, WebGPU and the CPU
 * are asked in turn, and a GPU is taken only where a frame of a full batch takes it less time than
 * the CPU's workers together: a software driver also "loads", and a GPU waits for most of a small
 * network's nodes. A GPU that computes something else than the CPU is not used at all. `alone`: a
 * batch may hold one frame only. All workers together take `room` bytes at most, with a smaller
 * batch or fewer of them where they must. Throws MODEL_SHAPE where that does not suffice,
 * PROVIDER_UNAVAILABLE, INFERENCE_FAILED.
 */
export async function startOnBestProvider(
  chain: SessionChain,
  alone: boolean,
  wish: ProviderWish,
  room = memoryForInference(),
): Promise<ChosenPool> {
  const occupancy = (provider: ProviderName, workers: number) =>
    withinMemory(
      chain,
      { workers, maxBatch: alone ? 1 : (chain.batch ?? MAX_BATCH[provider]) },
      room,
    );
  const onCpu = occupancy(
    'cpu',
    wish.workers ?? Math.max(1, Math.min(MOST_WORKERS, availableParallelism())),
  );
  const { workers } = onCpu;
  const begin = (given: SessionChain) => {
    const start = (provider: ProviderName, count = provider === 'cpu' ? workers : 1) => {
      const { maxBatch } = occupancy(provider, count);
      return WorkerPool.start({ chain: given, provider, threads: 1, maxBatch }, count);
    };
    return startOnBest({ chain: given, wish, workers, start });
  };
  // Before anything is waited for: whoever asks for room meanwhile must know of it.
  return whileTaking(memoryOf(chain, onCpu), () => withLargeModelsInFiles(chain, begin));
}

interface Start {
  readonly chain: SessionChain;
  readonly wish: ProviderWish;
  /** On the CPU. */
  readonly workers: number;
  readonly start: (provider: ProviderName, count?: number) => Promise<WorkerPool>;
}

async function startOnBest({ chain, wish, workers, start }: Start): Promise<ChosenPool> {
  if (wish.provider !== 'auto') {
    const probe = await probeProvider(wish.provider);
    if (!probe.loads) {
      throw new RoadgazeError(
        'PROVIDER_UNAVAILABLE',
        `The execution provider ${wish.provider} does not load here: ${probe.reason}.`,
        'Run "npx roadgaze doctor" to see what this machine offers, or leave --provider out.',
      );
    }
    const pool = await start(wish.provider);
    if (wish.provider === 'cpu') return { pool, provider: 'cpu', workers, passedOver: [] };
    const reference = await start('cpu', 1);
    const isRight = await computesAs(reference, pool, chain).finally(() => reference.close());
    if (isRight) return { pool, provider: wish.provider, workers: 1, passedOver: [] };
    throw new RoadgazeError(
      'PROVIDER_UNAVAILABLE',
      `On the execution provider ${wish.provider} this network computes something else than on the CPU.`,
      'Leave --provider out, or use "--provider cpu".',
    );
  }

  const passedOver: string[] = [];
  const [onCpu, ...probes] = await Promise.all([
    start('cpu'),
    ...(['cuda', 'webgpu'] as const).map(async (name) => ({
      name,
      probe: await probeProvider(name),
    })),
  ]);
  const perFrameOnCpu = onCpu.warmUp.millisecondsInBatch / workers;
  for (const { name, probe } of probes) {
    if (!probe.loads) {
      passedOver.push(`${name}: ${probe.reason}`);
      continue;
    }
    try {
      const onGpu = await start(name);
      const { millisecondsInBatch } = onGpu.warmUp;
      if (millisecondsInBatch >= perFrameOnCpu) {
        passedOver.push(
          `${name}: loads, but takes ${round(millisecondsInBatch)} ms a frame against ${round(perFrameOnCpu)} ms on the CPU`,
        );
        await onGpu.close();
      } else if (await computesAs(onCpu, onGpu, chain)) {
        await onCpu.close();
        return { pool: onGpu, provider: name, workers: 1, passedOver };
      } else passedOver.push(`${name}: loads, but computes something else than the CPU`);
    } catch (error) {
      passedOver.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { pool: onCpu, provider: 'cpu', workers, passedOver };
}

/**
 * Whether the GPU's pool gives what the CPU's gives, in a full batch where that does not hold up
 * the start. If not, it is closed. Throws INFERENCE_FAILED.
 */
async function computesAs(
  onCpu: WorkerPool,
  onGpu: WorkerPool,
  chain: SessionChain,
): Promise<boolean> {
  let isRight = false;
  try {
    isRight = await agree(
      onGpu,
      onCpu,
      chain,
      onGpu.warmUp.millisecondsPerFrame > SLOW_MS ? 1 : onGpu.maxBatch,
    );
  } finally {
    if (!isRight) await onGpu.close();
  }
  return isRight;
}

function round(milliseconds: number): string {
  return milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
}
