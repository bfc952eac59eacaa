import { intAttribute, stringAttribute } from '../../attributes.ts';
import { GraphBuilder } from '../../builder.ts';
import { consumers, type Model, type Node } from '../../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../../infer-shapes.ts';
import { DataType, floatTensor, int64Tensor, tensorNumbers, type Tensor } from '../../tensor.ts';
import { cells, type Cell, type Direction, type State } from './cells.ts';
import { gateActivations } from './gate-activations.ts';

/**
 * Steps of a sequence that are unrolled at most, over both directions. A network that steers by the
 * last second of a camera has up to 30.
 */
export const MOST_STEPS = 128;

/**
 * The same network with LSTM, GRU and RNN as the operators that they are made of, step by step: what
 * explains those explains these, too. A sequence of open or great length stays, and so does a layer
 * whose weights are computed.
 */
export function unrollRecurrent(model: Model): Model {
  let unrolled = model;
  for (const node of model.nodes) {
    if (!isRecurrent(node)) continue;
    const layer = layerOf(unrolled, inferWhatIsKnown(unrolled), node);
    if (layer) unrolled = new Unrolling(unrolled, layer).unrolled();
  }
  return unrolled;
}

export function isRecurrent({ op, domain }: Node): boolean {
  return domain === '' && Object.hasOwn(cells, op);
}

interface Layer {
  readonly node: Node;
  readonly cell: Cell;
  readonly steps: number;
  readonly hiddenSize: number;
  readonly isBatchFirst: boolean;
  readonly directions: readonly (Direction & { readonly isReverse: boolean })[];
  /** How many steps each picture has; null where each has all. */
  readonly lengths: readonly number[] | null;
}

/** Null where the layer is not known well enough before the network runs. */
function layerOf(model: Model, shapes: Shapes, node: Node): Layer | null {
  const cell = cells[node.op]!;
  const shape = shapes.known(node.inputs[0]!);
  if (!shape || shapes.type(node.inputs[0]!) !== DataType.float) return null;
  const isBatchFirst = intAttribute(node, 'layout', 0) === 1;
  const steps = shape[isBatchFirst ? 1 : 0];
  const constant = (index: number): Tensor | null | undefined => {
    const name = node.inputs[index];
    return name ? (shapes.constant(name) ?? undefined) : null;
  };
  const [input, recurrence, bias, lengths] = [1, 2, 3, 4].map(constant);
  const peepholes = node.op === 'LSTM' ? constant(7) : null;
  const way = stringAttribute(node, 'direction', 'forward');
  const count = way === 'bidirectional' ? 2 : 1;
  const activations = gateActivations(node, cell.activations, count);
  if (
    typeof steps !== 'number' ||
    steps * count > MOST_STEPS ||
    !input ||
    !recurrence ||
    bias === undefined ||
    lengths === undefined ||
    peepholes === undefined ||
    !activations ||
    !model.nodes.includes(node)
  )
    return null;
  const [, rows, inputSize] = input.dims as [number, number, number];
  const part = (tensor: Tensor | null, direction: number) => {
    if (!tensor) return null;
    const size = tensor.data.length / count;
    return (tensor.data as Float32Array).subarray(direction * size, (direction + 1) * size);
  };
  const hiddenSize = rows / cell.gates;
  return {
    node,
    cell,
    steps,
    hiddenSize,
    isBatchFirst,
    lengths: lengths && tensorNumbers(lengths),
    directions: Array.from({ length: count }, (_, direction) => ({
      hiddenSize,
      inputSize,
      input: part(input, direction)!,
      recurrence: part(recurrence, direction)!,
      bias: part(bias, direction),
      peepholes: part(peepholes, direction),
      activations: activations[direction]!,
      isReverse: way === 'reverse' || direction === 1,
    })),
  };
}

class Unrolling {
  readonly #model: Model;
  readonly #layer: Layer;
  readonly #builder: GraphBuilder;
  readonly #isUsed: (output: string | undefined) => boolean;

  constructor(model: Model, layer: Layer) {
    const { node } = layer;
    this.#model = model;
    this.#layer = layer;
    this.#builder = new GraphBuilder(
      { ...model, nodes: model.nodes.filter((each) => each !== node) },
      node.name || node.outputs.find((output) => output !== '') || node.op,
    );
    const read = consumers(model);
    this.#isUsed = (output) =>
      output !== undefined &&
      output !== '' &&
      (read.has(output) || model.outputs.some(({ name }) => name === output));
  }

  unrolled(): Model {
    const { node, directions } = this.#layer;
    const runs = directions.map((direction, index) => this.#run(direction, index));
    const [all, last, cell] = node.outputs;
    if (this.#isUsed(all))
      this.#joinAll(
        runs.map(({ all: states }) => states),
        all!,
      );
    if (this.#isUsed(last))
      this.#joinLast(
        runs.map(({ state }) => state.hidden!),
        last!,
      );
    if (this.#isUsed(cell))
      this.#joinLast(
        runs.map(({ state }) => state.cell!),
        cell!,
      );
    return this.#builder.build({ outputs: this.#model.outputs });
  }

  /** One direction: what it puts out at each step, and what it remembers in the end. */
  #run(
    direction: Layer['directions'][number],
    index: number,
  ): { all: readonly string[]; state: State } {
    const { node, cell, steps, isBatchFirst } = this.#layer;
    const builder = this.#builder;
    const step = cell.stepOf(builder, node, direction);
    let state: State = {
      hidden: this.#initial(5, index),
      cell: node.op === 'LSTM' ? this.#initial(6, index) : null,
    };
    const all = new Array<string>(steps);
    for (let count = 0; count < steps; count++) {
      const at = direction.isReverse ? steps - 1 - count : count;
      const x = this.#entry(node.inputs[0]!, isBatchFirst ? 1 : 0, at);
      const next = step(x, state);
      const running = this.#running(at);
      all[at] = running === null ? next.hidden : builder.node('Mul', [next.hidden, running]);
      state = {
        hidden: this.#where(running, next.hidden, state.hidden),
        cell: next.cell && this.#where(running, next.cell, state.cell),
      };
    }
    return { all, state };
  }

  #initial(input: number, direction: number): string | null {
    const name = this.#layer.node.inputs[input];
    return name ? this.#entry(name, this.#layer.isBatchFirst ? 1 : 0, direction) : null;
  }

  #entry(value: string, axis: number, at: number): string {
    return this.#builder.node(
      'Gather',
      [value, this.#builder.constant(int64Tensor([at], []), 'step')],
      { axis },
    );
  }

  /** 1 for the pictures that have this step, 0 for the others; null where all have it. */
  #running(at: number): string | null {
    const { lengths } = this.#layer;
    if (!lengths || lengths.every((length) => at < length)) return null;
    return this.#builder.constant(
      floatTensor(
        [lengths.length, 1],
        lengths.map((length) => (at < length ? 1 : 0)),
      ),
      'running',
    );
  }

  #where(running: string | null, next: string, before: string | null): string {
    if (running === null) return next;
    const builder = this.#builder;
    const changed = builder.node('Mul', [next, running]);
    if (before === null) return changed;
    const stopped = builder.node('Sub', [builder.constant(floatTensor([], [1])), running]);
    return builder.node('Add', [changed, builder.node('Mul', [before, stopped])]);
  }

  /** [steps, directions, pictures, hidden], or with pictures in front. */
  #joinAll(runs: readonly (readonly string[])[], output: string): void {
    const { steps, isBatchFirst } = this.#layer;
    const [stepAxis, directionAxis] = isBatchFirst ? [1, 2] : [0, 1];
    const each = Array.from({ length: steps }, (_, at) =>
      this.#joined(
        runs.map((states) => this.#unsqueezed(states[at]!, [stepAxis, directionAxis])),
        directionAxis,
      ),
    );
    this.#joined(each, stepAxis, output);
  }

  /** [directions, pictures, hidden], or with pictures in front. */
  #joinLast(states: readonly string[], output: string): void {
    const axis = this.#layer.isBatchFirst ? 1 : 0;
    this.#joined(
      states.map((state) => this.#unsqueezed(state, [axis])),
      axis,
      output,
    );
  }

  #unsqueezed(value: string, axes: readonly number[]): string {
    const builder = this.#builder;
    return builder.opset >= 13
      ? builder.node('Unsqueeze', [value, builder.constant(int64Tensor(axes), 'axes')])
      : builder.node('Unsqueeze', [value], { axes });
  }

  #joined(values: readonly string[], axis: number, output?: string): string {
    const builder = this.#builder;
    if (values.length > 1) return builder.node('Concat', values, { axis }, output);
    return output === undefined ? values[0]! : builder.node('Identity', values, {}, output);
  }
}
