import { RoadgazeError } from '../../shared/errors.ts';
import type { GraphBuilder } from '../onnx/builder.ts';
import type { Model, ValueInfo } from '../onnx/graph.ts';
import { inferWhatIsKnown } from '../onnx/infer-shapes.ts';
import { DataType, elementCount, int64Tensor } from '../onnx/tensor.ts';
import { imageInput } from './explained-output.ts';
import { withBatch } from './settled-network.ts';
import { isState, type Sidecar, type StateFeed } from './sidecar-form.ts';

/** An input that is fed with what the network gave for the frame before. */
export interface StateInput {
  readonly name: string;
  readonly elements: number;
  /** Of the float32 input [1, elements] that stands for it in a graph that Roadgaze runs. */
  readonly fed: string;
  /** Of the output [1, elements] that goes there with the next frame. */
  readonly after: string;
  /** With the first frame. */
  readonly start: readonly number[];
  /** So many frames are run before one that is sought. */
  readonly warmUp: number;
  readonly feed: StateFeed;
  /** Numbers that come with each frame; fewer than `elements` of a queue. */
  readonly given: number;
}

/** What a network has in mind after a frame: one entry for each of its states, in their order. */
export type State = readonly Float32Array[];

/** Frames that are run before one that is sought, where the sidecar does not say, but of a queue. */
const WARM_UP = 20;

const named = (name: string) => JSON.stringify(name);

/** The network for one picture at a time where it has state: that of one drive, in order. */
export function withoutBatch(model: Model, sidecar: Sidecar): Model {
  const states = statesOf(sidecar);
  if (states.length === 0) return model;
  const image = imageInput(model, sidecar.input?.tensor ?? null);
  if (image.batch !== null && image.batch > 1)
    throw new RoadgazeError(
      'MODEL_SHAPE',
      `${model.source} takes ${image.batch} pictures at once, but its state goes from one frame to the next.`,
      'Export the network for a batch of one.',
    );
  const single = image.batch === null ? withBatch(model, image.name, 1) : model;
  const isOfState = new Set(states.map(([name]) => name));
  return {
    ...single,
    inputs: single.inputs.map((input) =>
      isOfState.has(input.name) && input.shape
        ? { ...input, shape: input.shape.map((size) => (typeof size === 'string' ? 1 : size)) }
        : input,
    ),
  };
}

function statesOf({ feeds = {} }: Sidecar): (readonly [string, StateFeed])[] {
  return Object.entries(feeds).flatMap(([name, feed]) =>
    isState(feed) ? [[name, feed] as const] : [],
  );
}

/**
 * The inputs that the sidecar feeds with state, checked against the network. Throws SIDECAR_INVALID,
 * MODEL_*.
 */
export function stateInputs(model: Model, sidecar: Sidecar): readonly StateInput[] {
  const states = statesOf(sidecar);
  return states.map(([name, feed]) => {
    const wrong = (what: string) =>
      new RoadgazeError(
        'SIDECAR_INVALID',
        `The sidecar of ${model.source} ${what}.`,
        `Correct the entry ${named(name)} under "inputs" in the sidecar.`,
      );
    if (sidecar.kind === 'road')
      throw wrong(`feeds ${named(name)} with state, which only a "steering" network has`);
    const input = model.inputs.find((each) => each.name === name)!;
    if (!input.shape || input.type === DataType.string || input.type === DataType.bool)
      throw wrong(`feeds ${named(name)} with state, but that input takes no numbers`);
    const elements = elementCount(input.shape.map(Number));
    const given = numbersGiven(model, { name, feed, elements, sidecar }, wrong);
    const start = [feed.start ?? 0].flat();
    if (start.length !== 1 && start.length !== elements)
      throw wrong(
        `begins ${named(name)} with ${start.length} numbers, but that input takes ${elements}`,
      );
    return {
      name,
      elements,
      fed: `roadgaze/state/${name}`,
      after: `roadgaze/state-after/${name}`,
      start: Array.from({ length: elements }, (_, index) => start[index % start.length]!),
      // A queue is full then.
      warmUp: feed.warmUp ?? (given < elements ? elements / given : WARM_UP),
      feed,
      given,
    };
  });
}

interface CheckedState {
  readonly name: string;
  readonly feed: StateFeed;
  readonly elements: number;
  readonly sidecar: Sidecar;
}

/** Numbers that come with each frame. */
function numbersGiven(
  model: Model,
  { name, feed, elements, sidecar }: CheckedState,
  wrong: (what: string) => RoadgazeError,
): number {
  const sources = [feed.state].flat();
  const fed = statesOf(sidecar).map(([each]) => each);
  for (const source of sources)
    if (!model.outputs.some((each) => each.name === source) && !fed.includes(source))
      throw wrong(
        `feeds ${named(name)} with ${named(source)}, which is no output of the network: it has ${model.outputs.map((each) => named(each.name)).join(', ')}`,
      );
  if (feed.elements && sources.length > 1)
    throw wrong(`takes elements of several outputs for ${named(name)}`);
  const shapes = inferWhatIsKnown(model);
  const sizes = sources.map((source) => {
    const shape =
      shapes.known(source) ?? model.outputs.find((each) => each.name === source)?.shape ?? null;
    return shape?.every((size) => typeof size === 'number')
      ? elementCount(shape.map(Number))
      : null;
  });
  if (sizes.includes(null) && !feed.elements) {
    if (!feed.queue) return elements;
    throw wrong(
      `does not say which "elements" of ${named(sources[0]!)} go to ${named(name)}, and the network leaves their number open`,
    );
  }
  const [from, to] = feed.elements ?? [0, sizes.reduce<number>((all, size) => all + size!, 0)];
  const whole = sizes[0];
  if (feed.elements && (to <= from || (typeof whole === 'number' && to > whole)))
    throw wrong(`takes elements ${from} to ${to} of ${named(sources[0]!)}, which has ${whole}`);
  const given = to - from;
  if (feed.queue ? elements % given !== 0 : given !== elements)
    throw wrong(
      `feeds ${named(name)}, which takes ${elements} numbers, with ${given} of ${sources.map(named).join(', ')}${!feed.queue && elements % given === 0 ? '; "queue": true keeps those of the frames before' : ''}`,
    );
  return given;
}

/** Appends what goes to the network with the next frame, and gives those outputs. */
export function appendStates(builder: GraphBuilder, states: readonly StateInput[]): ValueInfo[] {
  return states.map(({ name, elements, after, feed, given }) => {
    const flat = (value: string) =>
      builder.node('Cast', [builder.reshape(value, [1, -1])], { to: DataType.float });
    const part = (value: string, from: number, count: number) =>
      builder.node(
        'Gather',
        [
          value,
          builder.constant(
            int64Tensor(Array.from({ length: count }, (_, at) => from + at)),
            'part',
          ),
        ],
        { axis: 1 },
      );
    const sources = [feed.state].flat().map(flat);
    const all = sources.length === 1 ? sources[0]! : builder.node('Concat', sources, { axis: 1 });
    const newest = feed.elements ? part(all, feed.elements[0], given) : all;
    if (given === elements) builder.node('Identity', [newest], {}, after);
    else {
      // The newest last: as many of the oldest leave as come.
      const kept = part(flat(name), given, elements - given);
      builder.node('Concat', [kept, newest], { axis: 1 }, after);
    }
    return { name: after, type: DataType.float, shape: [1, elements] };
  });
}
