import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor, type TypedTensor } from 'onnxruntime-node';
import { giveWayHere } from '../resources/give-way.ts';
import { batchOf, SLOW_MS } from './batches.ts';
import { InputRoom, type Outputs } from './input-room.ts';
import { PullRunner } from './pull-step.ts';
import type {
  ChainLink,
  ChainResult,
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

const room = Math.max(maxBatch, chain.batch ?? 1);
const inputs = new InputRoom(chain.inputBytes, room);
/** Planes that the step behind the links reads. */
const pullReads = chain.pull ? [chain.pull.mask, chain.pull.road] : [];

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
      ...pullReads.filter((result) => result.link === link).map(({ output }) => output),
      ...chain.results
        .filter((result) => result.link === link && (details || !result.detail))
        .map(({ output }) => output),
    ]),
  ]);
const [numbersOnly, everything] = [wanted(false), wanted(true)];

/** What the links give for a batch. */
async function outputsOf(
  ready: readonly ReadyLink[],
  { links }: SessionChain,
  detailed: readonly boolean[],
): Promise<Outputs[]> {
  const batch = batchFor(detailed.length);
  const fetches = detailed.includes(true) ? everything : numbersOnly;
  const outputs: Outputs[] = [];
  for (const [index, link] of ready.entries()) {
    if ('constant' in link) outputs.push(firstOf(link.constant, batch));
    else
      outputs.push(
        await link.session.run(
          inputs.tensors(links[index]!.feeds, batch, outputs),
          fetches[index]!,
        ),
      );
  }
  return outputs;
}

async function run(
  ready: readonly ReadyLink[],
  chain: SessionChain,
  detailed: readonly boolean[],
): Promise<FrameValues[]> {
  return valuesOf(await outputsOf(ready, chain, detailed), detailed);
}

/** Copies, because the session's memory ends with the tensor and a result travels to another thread. */
function valuesOf(outputs: readonly Outputs[], detailed: readonly boolean[]): FrameValues[] {
  return detailed.map((hasDetails, frame) =>
    chain.results.map((result) =>
      result.detail && !hasDetails
        ? null
        : valueOf(outputs, result, frame, detailed.length).slice(),
    ),
  );
}

/** A view of one frame's values in a batch of so many. */
function valueOf(
  outputs: readonly Outputs[],
  { link, output }: ChainResult,
  frame: number,
  frames: number,
): Uint8Array | Float32Array {
  const all = (outputs[link]![output] as TypedTensor<'float32'>).data as Uint8Array | Float32Array;
  const length = all.length / batchFor(frames);
  return all.subarray(frame * length, (frame + 1) * length);
}

/** Frames in a run of so many. */
function batchFor(frames: number): number {
  return chain.batch ?? frames;
}

/** What the network answers without what it looked at off the road; null where it is not asked. */
async function pulls(
  runner: PullRunner,
  outputs: readonly Outputs[],
  asked: WorkerRequest['frames'],
): Promise<(Float32Array | null)[]> {
  const { mask, road } = chain.pull!;
  const wished = asked.flatMap(({ pull }, frame) => (pull ? [frame] : []));
  const answers = await runner.run(
    wished.map((frame) => ({
      inputs: asked[frame]!.inputs,
      mask: valueOf(outputs, mask, frame, asked.length) as Uint8Array,
      road: valueOf(outputs, road, frame, asked.length) as Uint8Array,
    })),
  );
  return asked.map((_, frame) => answers[wished.indexOf(frame)] ?? null);
}

/** Throws what ONNX Runtime does. */
function sessionOf({ model, nodes = 0 }: ChainLink): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: nodes > MOST_OPTIMISED ? 'disabled' : 'all',
    logSeverityLevel: 4,
    // Beside weights that were laid out anew, it would keep the room of those as they were.
    enableCpuMemArena: typeof model !== 'string',
  };
  return typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options);
}

/** The step behind the links, ready; null where there is none. */
async function readyPull(): Promise<PullRunner | null> {
  if (!chain.pull) return null;
  const isFixed = provider !== 'cpu' || typeof chain.batch === 'number';
  const runner = new PullRunner(
    await sessionOf(chain.pull.link),
    chain.pull,
    chain,
    room,
    // A GPU's provider looks for its algorithms anew for every batch size.
    isFixed,
  );
  await runner.warmUp();
  return runner;
}

async function start(): Promise<void> {
  const ready: ReadyLink[] = [];
  for (const link of chain.links) {
    try {
      const session = await sessionOf(link);
      const isConstant = link.feeds.every((feed) => feed.from === 'constant');
      ready.push(
        isConstant
          ? {
              constant: repeated(await session.run(inputs.tensors(link.feeds, 1, []))),
            }
          : { session },
      );
    } catch (error) {
      return reply({ kind: 'refused', source: link.source, reason: firstLine(error) });
    }
  }
  let pull: PullRunner | null = null;
  try {
    const times = await warmUp(ready);
    pull = await readyPull();
    reply({ kind: 'ready', warmUp: times });
  } catch (error) {
    return reply({ kind: 'refused', source: chain.links.at(-1)!.source, reason: firstLine(error) });
  }
  // One after the other: the batch in work uses the same memory, and must be over before the worker
  // may end.
  let work: Promise<void> = Promise.resolve();
  port.on('message', (message: WorkerMessage) => {
    work = work.then(() => (message === 'end' ? port.close() : answer(ready, pull, message)));
  });
}

async function answer(
  ready: readonly ReadyLink[],
  pull: PullRunner | null,
  { id, frames: asked }: WorkerRequest,
): Promise<void> {
  try {
    inputs.fill(
      asked.map((frame) => frame.inputs),
      batchFor(asked.length),
    );
    const detailed = asked.map((frame) => frame.detailed);
    const outputs = await outputsOf(ready, chain, detailed);
    const values = valuesOf(outputs, detailed);
    const answers = pull && (await pulls(pull, outputs, asked));
    const frames = answers ? values.map((each, frame) => [...each, answers[frame]!]) : values;
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
