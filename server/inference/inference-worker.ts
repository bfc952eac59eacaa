import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor, type TypedTensor } from 'onnxruntime-node';
import { giveWayHere } from '../resources/give-way.ts';
import { batchOf, SLOW_MS } from './batches.ts';
import type {
  ChainFeed,
  FrameValues,
  SessionChain,
  WarmUp,
  WorkerMessage,
  WorkerReply,
  WorkerRequest,
  WorkerSettings,
} from './session-chain.ts';

/**
 * One thread of inference: onnxruntime-node runs a session synchronously, so it must not do so on
 * the thread that serves sockets.
 */
const { chain, provider, threads, maxBatch } = workerData as WorkerSettings;
// Before ONNX Runtime starts threads of its own.
giveWayHere();
const port = parentPort!;
const reply = (message: WorkerReply, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

type Outputs = InferenceSession.OnnxValueMapType;

/**
 * A link of the chain, ready: a session to run, or what it gives where all it is fed with is
 * constant.
 */
type ReadyLink = { readonly session: InferenceSession } | { readonly constant: Outputs };

/**
 * Nodes of a graph that ONNX Runtime makes faster within a second; the time grows with their
 * square. A larger graph runs as it is.
 */
const MOST_OPTIMISED = 8000;

/** Room for a batch of each input, filled again for every call: ONNX Runtime reads it in place. */
const room = Math.max(maxBatch, chain.batch ?? 1);
const inputs = chain.inputBytes.map((bytes) => new Uint8Array(bytes * room));

function feedTensor(feed: ChainFeed, batch: number, before: readonly Outputs[]): Tensor {
  if (feed.from === 'link') return before[feed.link]![feed.output] as Tensor;
  if (feed.from === 'constant') return new Tensor('uint8', feed.bytes, [1, ...feed.dims]);
  const bytes = inputs[feed.input]!.subarray(0, chain.inputBytes[feed.input]! * batch);
  if (feed.type === 'float32')
    return new Tensor('float32', new Float32Array(bytes.buffer, 0, bytes.length / 4), [
      batch,
      ...feed.dims,
    ]);
  return new Tensor('uint8', bytes, [batch, ...feed.dims]);
}

/**
 * The outputs of a constant link for a batch: those of one frame, repeated as often as there is
 * room, as far as needed.
 */
function firstOf(outputs: Outputs, batch: number): Outputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      const { data, dims } = value as TypedTensor<'uint8'>;
      return [
        name,
        new Tensor('uint8', data.subarray(0, (data.length / room) * batch), [
          batch,
          ...dims.slice(1),
        ]),
      ];
    }),
  );
}

function repeated(outputs: Outputs): Outputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      const { data, dims } = value as TypedTensor<'uint8'>;
      const all = new Uint8Array(data.length * room);
      for (let frame = 0; frame < room; frame++) all.set(data, frame * data.length);
      return [name, new Tensor('uint8', all, [room, ...dims.slice(1)])];
    }),
  );
}

/**
 * Outputs that a link must bring out of ONNX Runtime: what later links read, and what is asked for.
 */
const read = chain.links.map((_, link) =>
  chain.links.flatMap(({ feeds }) =>
    feeds.flatMap((feed) => (feed.from === 'link' && feed.link === link ? [feed.output] : [])),
  ),
);
const wanted = (details: boolean) =>
  chain.links.map((_, link) => [
    ...new Set([
      ...read[link]!,
      ...chain.results
        .filter((result) => result.link === link && (details || !result.detail))
        .map(({ output }) => output),
    ]),
  ]);
const [numbersOnly, everything] = [wanted(false), wanted(true)];

async function run(
  ready: readonly ReadyLink[],
  { links, results }: SessionChain,
  detailed: readonly boolean[],
): Promise<FrameValues[]> {
  const batch = chain.batch ?? detailed.length;
  const fetches = detailed.includes(true) ? everything : numbersOnly;
  const outputs: Outputs[] = [];
  for (const [index, link] of ready.entries()) {
    if ('constant' in link) outputs.push(firstOf(link.constant, batch));
    else
      outputs.push(
        await link.session.run(
          Object.fromEntries(
            links[index]!.feeds.map((feed) => [feed.name, feedTensor(feed, batch, outputs)]),
          ),
          fetches[index]!,
        ),
      );
  }
  return detailed.map((hasDetails, frame) =>
    results.map(({ link, output, detail }) => {
      if (detail && !hasDetails) return null;
      const all = (outputs[link]![output] as TypedTensor<'float32'>).data as
        Uint8Array | Float32Array;
      const length = all.length / batch;
      // A copy, because the session's memory ends with the tensor and a result travels to another
      // thread.
      return all.slice(frame * length, (frame + 1) * length);
    }),
  );
}

function fill(frames: WorkerRequest['frames']): void {
  const filled = Array.from(
    { length: chain.batch ?? frames.length },
    (_, position) => frames[position] ?? frames[0]!,
  );
  filled.forEach((frame, position) =>
    frame.inputs.forEach((bytes, input) =>
      inputs[input]!.set(bytes, position * chain.inputBytes[input]!),
    ),
  );
}

async function start(): Promise<void> {
  const ready: ReadyLink[] = [];
  for (const link of chain.links) {
    try {
      const session = await InferenceSession.create(link.model, {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: (link.nodes ?? 0) > MOST_OPTIMISED ? 'disabled' : 'all',
        logSeverityLevel: 4,
      });
      const isConstant = link.feeds.every((feed) => feed.from === 'constant');
      ready.push(
        isConstant
          ? {
              constant: repeated(
                await session.run(
                  Object.fromEntries(
                    link.feeds.map((feed) => [feed.name, feedTensor(feed, 1, [])]),
                  ),
                ),
              ),
            }
          : { session },
      );
    } catch (error) {
      return reply({ kind: 'refused', source: link.source, reason: firstLine(error) });
    }
  }
  try {
    reply({ kind: 'ready', warmUp: await warmUp(ready) });
  } catch (error) {
    return reply({ kind: 'refused', source: chain.links.at(-1)!.source, reason: firstLine(error) });
  }
  // One after the other: the batch in work uses the same memory, and must be over before the worker
  // may end.
  let work: Promise<void> = Promise.resolve();
  port.on('message', (message: WorkerMessage) => {
    work = work.then(() => (message === 'end' ? port.close() : answer(ready, message)));
  });
}

async function answer(
  ready: readonly ReadyLink[],
  { id, frames: asked }: WorkerRequest,
): Promise<void> {
  try {
    fill(asked);
    const frames = await run(
      ready,
      chain,
      asked.map(({ detailed }) => detailed),
    );
    reply(
      { kind: 'done', id, frames },
      frames.flatMap((values) =>
        values.flatMap((value) => (value ? [value.buffer as ArrayBuffer] : [])),
      ),
    );
  } catch (error) {
    reply({ kind: 'failed', id, reason: firstLine(error) });
  }
}

/** Times one frame and, on a GPU, a full batch, after a batch of every size between. */
async function warmUp(ready: readonly ReadyLink[]): Promise<WarmUp> {
  const millisecondsPerFrame = await timed(ready, 1);
  if (provider === 'cpu' || maxBatch === 1 || millisecondsPerFrame > SLOW_MS)
    return { millisecondsPerFrame, millisecondsInBatch: millisecondsPerFrame };
  const full = batchOf(maxBatch, { provider, maxBatch });
  for (let size = 2; size < full; size *= 2)
    await run(ready, chain, Array<boolean>(size).fill(true));
  return { millisecondsPerFrame, millisecondsInBatch: (await timed(ready, full)) / full };
}

/**
 * Milliseconds for a batch: the median of a few runs, after one that allocates and compiles. Ends
 * early where a run is slow.
 */
async function timed(ready: readonly ReadyLink[], batch: number): Promise<number> {
  const detailed = Array<boolean>(batch).fill(true);
  await run(ready, chain, detailed);
  const times: number[] = [];
  const begin = performance.now();
  while (times.length < 5 && (times.length === 0 || performance.now() - begin < 250)) {
    const before = performance.now();
    await run(ready, chain, detailed);
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!.slice(0, 300);
}

await start();
