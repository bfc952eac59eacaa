import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageInput } from '../../server/inference/explained-output.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { explainTensor } from '../../server/pipeline/explain-tensor.ts';
import { relativeError } from '../support/onnx-runtime.ts';
import {
  networkPath,
  referenceNetworks,
  samplesOf,
  stored,
  toleranceOf,
  type StoredMap,
} from './published-maps.ts';
import { ROUNDED, withRounding } from './rounded-rectifiers.ts';

/** The one map that hangs on how four rectifiers were rounded. */
const ROUNDED_MAP = { network: 'nethvf', sample: 6, method: 'integratedgradients' };

function optionsOf(
  { params }: StoredMap,
  id: string,
  layout: 'NCHW' | 'NHWC',
): Record<string, number> {
  if (id === 'integratedgradients') return { steps: params['steps'] as number };
  const rowsFirst = (value: unknown) => {
    const [a, b, c] = value as number[];
    return layout === 'NCHW' ? [b!, c!] : [a!, b!];
  };
  const [[height, width], [strideY, strideX]] = [
    rowsFirst(params['window']),
    rowsFirst(params['strides']),
  ] as [[number, number], [number, number]];
  return { height, width, 'stride-y': strideY, 'stride-x': strideX };
}

for (const name of new Set(['nethvf', 'pilotnet-elu', ...referenceNetworks])) {
  for (const id of ['integratedgradients', 'occlusion']) {
    test(
      `${name} explained by ${id} gives the published maps`,
      { skip: referenceNetworks.includes(name) ? false : 'the shared references are not here' },
      async (t) => {
        const samples = (await samplesOf(name)).filter((sample) => sample.maps[id]);
        if (samples.length === 0) return t.skip(`nobody published ${id} of ${name}`);
        const { model } = await loadNetwork(networkPath(name), 'steering');
        const { layout } = imageInput(model, null);
        for (const sample of samples) {
          const map = sample.maps[id]!;
          const picture = await stored(name, sample.input);
          const [found] = await explainTensor({
            modelPath: networkPath(name),
            methods: [{ id, options: optionsOf(map, id, layout) }],
            target: '+',
            picture,
            wish: { provider: 'cpu' },
          });
          assert.deepEqual(found!.dims, map.shape);
          const expected = await stored(name, map);
          const isRounded =
            name === ROUNDED_MAP.network &&
            sample.id === ROUNDED_MAP.sample &&
            id === ROUNDED_MAP.method;
          const values = isRounded
            ? await withRounding(
                found!.values,
                model,
                picture,
                map.params['steps'] as number,
                ROUNDED,
              )
            : found!.values;
          const error = relativeError(values, expected);
          assert.ok(
            error <= toleranceOf(id),
            `sample ${sample.id}: differs by ${error} of the largest value`,
          );
        }
      },
    );
  }
}
