import { floatAttribute, intAttribute } from '../attributes.ts';
import { GraphBuilder } from '../builder.ts';
import { consumers, type Model, type Node } from '../graph.ts';
import { inferWhatIsKnown, type Shapes } from '../infer-shapes.ts';
import { DataType, floatTensor, int64Tensor, LARGEST_FLOAT, scalar } from '../tensor.ts';

/**
 * The same network with Attention as the operators that it is made of: what explains those explains
 * it, too. One that keeps keys and values from run to run stays.
 */
export function writeOutAttention(model: Model): Model {
  let written = model;
  for (const node of model.nodes) {
    if (node.op !== 'Attention' || node.domain !== '') continue;
    const shapes = inferWhatIsKnown(written);
    if (isPlain(written, shapes, node)) written = new Writing(written, shapes, node).written();
  }
  return written;
}

function isPlain(model: Model, shapes: Shapes, node: Node): boolean {
  const used = consumers(model);
  const [query, key] = node.inputs.slice(0, 3).map((input) => shapes.known(input));
  const isCausal = intAttribute(node, 'is_causal', 0) === 1;
  return (
    node.inputs.slice(4).every((input) => input === '') &&
    node.outputs
      .slice(1)
      .every((output) => !used.has(output) && !model.outputs.some(({ name }) => name === output)) &&
    shapes.type(node.inputs[0]!) === DataType.float &&
    !!query &&
    !!key &&
    (!isCausal || [query, key].every((shape) => typeof shape.at(-2) === 'number'))
  );
}

/** [pictures, tokens, heads × size] as [pictures, heads, tokens, size]. */
class Writing {
  readonly #builder: GraphBuilder;
  readonly #model: Model;
  readonly #shapes: Shapes;
  readonly #node: Node;

  constructor(model: Model, shapes: Shapes, node: Node) {
    this.#model = model;
    this.#shapes = shapes;
    this.#node = node;
    this.#builder = new GraphBuilder(
      { ...model, nodes: model.nodes.filter((each) => each !== node) },
      node.name || node.outputs[0]!,
    );
  }

  written(): Model {
    const builder = this.#builder;
    const [query, key, value] = this.#node.inputs as [string, string, string];
    const isFlat = this.#shapes.of(query).length === 3;
    const [q, k, v] = (
      [
        [query, 'q_num_heads'],
        [key, 'kv_num_heads'],
        [value, 'kv_num_heads'],
      ] as const
    ).map(([name, count]) => (isFlat ? this.#heads(name, count) : name)) as [
      string,
      string,
      string,
    ];
    const headsOf = (name: string, count: string) =>
      isFlat ? intAttribute(this.#node, count, 1) : Number(this.#shapes.of(name)[1]);
    const [reading, read] = [headsOf(query, 'q_num_heads'), headsOf(key, 'kv_num_heads')];
    const shared = (each: string) =>
      reading === read ? each : this.#repeated(each, reading, read);
    const shares = builder.node('Softmax', [this.#scores(q, shared(k))], { axis: -1 });
    const [output] = this.#node.outputs as [string];
    if (isFlat) {
      const row = builder.transpose(builder.node('MatMul', [shares, shared(v)]), [0, 2, 1, 3]);
      const size = (Number(this.#shapes.of(value)[2]) / read) * reading;
      builder.reshape(row, [0, 0, size], output);
    } else builder.node('MatMul', [shares, shared(v)], {}, output);
    return builder.build({ outputs: this.#model.outputs });
  }

  #heads(value: string, count: string): string {
    const heads = intAttribute(this.#node, count, 1);
    const size = Number(this.#shapes.of(value)[2]) / heads;
    const split = this.#builder.reshape(value, [0, 0, heads, size]);
    return this.#builder.transpose(split, [0, 2, 1, 3]);
  }

  /** Where several heads read the same keys and values. */
  #repeated(value: string, reading: number, read: number): string {
    const places = Array.from({ length: reading }, (_, head) =>
      Math.floor((head * read) / reading),
    );
    return this.#builder.node(
      'Gather',
      [value, this.#builder.constant(int64Tensor(places), 'heads')],
      { axis: 1 },
    );
  }

  #scores(q: string, k: string): string {
    const builder = this.#builder;
    const [query, key] = this.#node.inputs as [string, string];
    const [shape, other] = [this.#shapes.of(query), this.#shapes.of(key)];
    const size =
      Number(shape.at(-1)) / (shape.length === 3 ? intAttribute(this.#node, 'q_num_heads', 1) : 1);
    let scores = builder.scale(
      builder.node('MatMul', [q, builder.transpose(k, [0, 1, 3, 2])]),
      floatAttribute(this.#node, 'scale', 1 / Math.sqrt(size)),
    );
    const cap = floatAttribute(this.#node, 'softcap', 0);
    if (cap !== 0)
      scores = builder.scale(builder.node('Tanh', [builder.scale(scores, 1 / cap)]), cap);
    const mask = this.#mask();
    if (mask !== null) scores = builder.node('Add', [scores, mask]);
    return intAttribute(this.#node, 'is_causal', 0) === 1
      ? builder.node('Add', [scores, this.#past(Number(shape.at(-2)), Number(other.at(-2)))])
      : scores;
  }

  /** What is added to scores; truth values say what may be read. */
  #mask(): string | null {
    const builder = this.#builder;
    const mask = this.#node.inputs[3];
    if (!mask) return null;
    if (this.#shapes.type(mask) !== DataType.bool) return mask;
    return builder.node('Where', [
      mask,
      builder.constant(scalar(0)),
      builder.constant(scalar(-LARGEST_FLOAT)),
    ]);
  }

  /** Only what stands before may be read. */
  #past(reading: number, read: number): string {
    return this.#builder.constant(
      floatTensor(
        [reading, read],
        Array.from({ length: reading * read }, (_, at) =>
          at % read <= Math.floor(at / read) ? 0 : -LARGEST_FLOAT,
        ),
      ),
      'past',
    );
  }
}
