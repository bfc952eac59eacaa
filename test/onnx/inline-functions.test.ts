import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readModel } from '../../server/onnx/read-model.ts';
import { ModelProto } from '../../server/onnx/schema.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';
import { randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';

const DOMAIN = 'pkg.torch';

interface Body {
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly node: readonly object[];
  readonly attribute?: readonly string[];
  readonly attributeProto?: readonly object[];
}

const node = (opType: string, input: string[], output: string[], more: object = {}) => ({
  opType,
  input,
  output,
  name: opType,
  ...more,
});
const call = (...of: [string, string[], string[], object?]) => ({
  ...node(...of),
  domain: DOMAIN,
});

/** leaky(x; slope), by default 0.1, and twice(x) = leaky(leaky(x; 0.5)) + x. */
const leaky: Body = {
  name: 'leaky',
  input: ['x'],
  output: ['y'],
  attributeProto: [{ name: 'slope', type: 1, f: 0.1 }],
  node: [
    node('LeakyRelu', ['x'], ['inner'], {
      attribute: [{ name: 'alpha', type: 1, refAttrName: 'slope' }],
    }),
    node('Neg', ['inner'], ['y']),
  ],
};
const twice: Body = {
  name: 'twice',
  input: ['x', 'unused'],
  output: ['y', 'same'],
  node: [
    call('leaky', ['x'], ['inner'], { attribute: [{ name: 'slope', type: 1, f: 0.5 }] }),
    call('leaky', ['inner'], ['other']),
    node('Add', ['other', 'x'], ['y']),
    node('Identity', ['x'], ['same']),
  ],
};

/** image → twice → leaky, as bytes of a file with functions. */
function withFunctions(functions: readonly Body[], op = 'twice'): Uint8Array {
  const network = new Network({ opset: 18, name: 'functions.onnx' });
  const image = network.input('image', ['N', 4]);
  network.nodeOf(op, [image], new Map(), ['first', 'same'], DOMAIN);
  network.nodeOf('leaky', ['first'], new Map(), ['second'], DOMAIN);
  network.node('Add', ['second', 'same'], {}, 'steering');
  const message = ModelProto.decode(
    network.bytes([{ name: 'steering', type: 1, shape: ['N', 4] }]),
  ) as unknown as { functions: object[]; opsetImport: object[] };
  const imports = [
    { domain: '', version: 18 },
    { domain: DOMAIN, version: 1 },
  ];
  message.functions = functions.map((each) => ({
    ...each,
    domain: DOMAIN,
    opsetImport: imports,
  }));
  message.opsetImport = imports;
  return ModelProto.encode(ModelProto.fromObject(message)).finish();
}

describe('functions that a model brings along', () => {
  it('are read as the nodes that they are made of, with the values that they give', async () => {
    const bytes = withFunctions([leaky, twice]);
    const model = readModel(bytes, 'functions.onnx');
    assert.ok(model.nodes.every(({ domain }) => domain === ''));
    assert.deepEqual(model.nodes.map(({ op }) => op).sort(), [
      'Add',
      'Add',
      'Identity',
      'LeakyRelu',
      'LeakyRelu',
      'LeakyRelu',
      'Neg',
      'Neg',
      'Neg',
    ]);
    assert.equal(new Set(model.nodes.map(({ name }) => name)).size, model.nodes.length);
    assert.ok(!model.otherOpsets.has(DOMAIN));
    const image = randomFloats([3, 4], 5, -2, 2);
    const x = [...(image.data as Float32Array)];
    const of = (slope: number) => (value: number) => -(value > 0 ? value : slope * value);
    const expected = x.map((value) => of(0.1)(of(0.1)(of(0.5)(value)) + value) + value);
    const { steering } = await runNetwork(model, { image });
    assert.ok(relativeError(steering!.data, expected) < 1e-6);
  });

  it('leave an attribute away that refers to one which neither the call gives nor a default', async () => {
    // LeakyRelu's own 0.01 then counts.
    const plain: Body = { ...leaky, attributeProto: [], attribute: ['slope'] };
    const model = readModel(withFunctions([plain, twice]), 'functions.onnx');
    const slopes = model.nodes
      .filter(({ op }) => op === 'LeakyRelu')
      .map(({ attributes }) => [...attributes.keys()]);
    assert.deepEqual(slopes.sort(), [[], [], ['alpha']]);
  });

  it('may not call one another without an end', () => {
    const endless: Body = { ...twice, node: [call('twice', ['x'], ['y', 'same'])] };
    const many: Body = {
      ...twice,
      node: Array.from({ length: 300 }, (_, at) => call('more', ['x'], [`y${at}`])),
    };
    const more = (name: string, next: string): Body => ({
      name,
      input: ['x'],
      output: [],
      node: Array.from({ length: 300 }, () => call(next, ['x'], [])),
    });
    for (const functions of [
      [leaky, endless],
      [
        leaky,
        many,
        more('more', 'evenmore'),
        more('evenmore', 'nothing'),
        { ...more('nothing', ''), node: [] },
      ],
    ]) {
      assert.throws(
        () => readModel(withFunctions(functions), 'functions.onnx'),
        (error) =>
          error instanceof RoadgazeError &&
          (error.code === 'MODEL_UNREADABLE' || error.code === 'MODEL_SHAPE') &&
          /functions\.onnx/.test(error.message),
      );
    }
  });
});
