import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor, type TypedTensor } from 'onnxruntime-node';
import type { ChainFeed, FrameValues, SessionChain, WorkerMessage, WorkerReply, WorkerRequest, WorkerSettings } from './session-chain.ts';

/**
 * One thread of inference: onnxruntime-node runs a session synchronously, so it must not do so on the thread that serves sockets.
 */
const { chain, provider, threads, maxBatch } = workerData as WorkerSettings;
const port = parentPort!;
const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

type Outputs = InferenceSession.OnnxValueMapType;

/** Room for a batch of each input, filled again for every call: ONNX Runtime reads it in place. */
const inputs = chain.inputBytes.map((bytes) => new Uint8Array(bytes * maxBatch));
const constants = new Map<ChainFeed, Uint8Array>();

function feedTensor(feed: ChainFeed, batch: number, before: readonly Outputs[]): Tensor {
  if (feed.from === 'link') return before[feed.link]![feed.output] as Tensor;
  const dims = [batch, ...feed.dims];
  const all = feed.from === 'call' ? inputs[feed.input]! : constants.get(feed)!;
  return new Tensor('uint8', all.subarray(0, (all.length / maxBatch) * batch), dims);
}

async function run(sessions: readonly InferenceSession[], { links, results }: SessionChain, batch: number): Promise<FrameValues[]> {
  const outputs: Outputs[] = [];
  for (const [index, session] of sessions.entries()) {
    const feeds = Object.fromEntries(links[index]!.feeds.map((feed) => [feed.name, feedTensor(feed, batch, outputs)]));
    outputs.push(await session.run(feeds));
  }
  const values = results.map((result) => (outputs[result.link]![result.output] as TypedTensor<'float32'>).data as Uint8Array | Float32Array);
  return Array.from({ length: batch }, (_, frame) => values.map((all) => {
    const length = all.length / batch;
    // A copy, because the session's memory ends with the tensor and a result travels to another thread.
    return all.slice(frame * length, (frame + 1) * length);
  }));
}

function fill(frames: WorkerRequest['frames']): void {
  frames.forEach((buffers, frame) => buffers.forEach((bytes, input) => inputs[input]!.set(bytes, frame * chain.inputBytes[input]!)));
}

async function start(): Promise<void> {
  const sessions: InferenceSession[] = [];
  for (const link of chain.links) {
    for (const feed of link.feeds) {
      if (feed.from !== 'constant') continue;
      const repeated = new Uint8Array(feed.bytes.length * maxBatch);
      for (let frame = 0; frame < maxBatch; frame++) repeated.set(feed.bytes, frame * feed.bytes.length);
      constants.set(feed, repeated);
    }
    try {
      sessions.push(await InferenceSession.create(link.model, {
        executionProviders: [provider], intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 4,
      }));
    } catch (error) {
      return reply({ kind: 'refused', source: link.source, reason: firstLine(error) });
    }
  }
  try {
    reply({ kind: 'ready', millisecondsPerFrame: await warmUp(sessions) });
  } catch (error) {
    return reply({ kind: 'refused', source: chain.links.at(-1)!.source, reason: firstLine(error) });
  }
  // One after the other: the batch in work uses the same memory, and must be over before the worker may end.
  let work: Promise<void> = Promise.resolve();
  port.on('message', (message: WorkerMessage) => {
    work = work.then(() => (message === 'end' ? port.close() : answer(sessions, message)));
  });
}

async function answer(sessions: readonly InferenceSession[], { id, frames: asked }: WorkerRequest): Promise<void> {
  try {
    fill(asked);
    const frames = await run(sessions, chain, asked.length);
    reply({ kind: 'done', id, frames }, frames.flatMap((values) => values.map((value) => value.buffer as ArrayBuffer)));
  } catch (error) {
    reply({ kind: 'failed', id, reason: firstLine(error) });
  }
}

/** Milliseconds for one frame: the median of a few runs, after one that allocates and compiles. Ends early where a run is slow. */
async function warmUp(sessions: readonly InferenceSession[]): Promise<number> {
  await run(sessions, chain, 1);
  const times: number[] = [];
  const begin = performance.now();
  while (times.length < 5 && (times.length === 0 || performance.now() - begin < 250)) {
    const before = performance.now();
    await run(sessions, chain, 1);
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!.slice(0, 300);
}

await start();
