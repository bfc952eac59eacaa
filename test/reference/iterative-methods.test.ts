import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageInput } from '../../server/explain/explained-output.ts';
import { loadNetwork } from '../../server/inference/network-file.ts';
import { explainPicture } from '../../server/pipeline/explain-picture.ts';
import { relativeError } from '../support/onnx-runtime.ts';
import { networkPath, referenceNetworks, samplesOf, stored, toleranceOf, type StoredMap } from './published-maps.ts';

/**
 * On this one map a rectifier's input passes zero within a rounding error of one of the steps: it is on in one arithmetic and off in another, and
 * its whole branch of one gradient in 64 with it. No order of summation that was tried gives the published bits; measured difference 2.5e-3.
 */
const KINKED = { network: 'nethvf', sample: 6, most: 5e-3, share: 0.01 };

function optionsOf({ params }: StoredMap, id: string, layout: 'NCHW' | 'NHWC'): Record<string, number> {
  if (id === 'integratedgradients') return { steps: params['steps'] as number };
  const rowsFirst = (value: unknown) => { const [a, b, c] = value as number[]; return layout === 'NCHW' ? [b!, c!] : [a!, b!]; };
  const [[height, width], [strideY, strideX]] = [rowsFirst(params['window']), rowsFirst(params['strides'])] as [[number, number], [number, number]];
  return { height, width, 'stride-y': strideY, 'stride-x': strideX };
}

for (const name of new Set(['nethvf', 'pilotnet-elu', ...referenceNetworks])) {
  for (const id of ['integratedgradients', 'occlusion']) {
    test(`${name} explained by ${id} gives the published maps`, { skip: referenceNetworks.includes(name) ? false : 'the shared references are not here' }, async (t) => {
      const samples = (await samplesOf(name)).filter((sample) => sample.maps[id]);
      if (samples.length === 0) return t.skip(`nobody published ${id} of ${name}`);
      const { model } = await loadNetwork(networkPath(name), 'steering');
      const { layout } = imageInput(model, null);
      for (const sample of samples) {
        const map = sample.maps[id]!;
        const picture = await stored(name, sample.input);
        const [found] = await explainPicture({ modelPath: networkPath(name), methods: [{ id, options: optionsOf(map, id, layout) }], target: '+', picture, wish: { provider: 'cpu' } });
        assert.deepEqual(found!.dims, map.shape);
        const expected = await stored(name, map);
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const off = expected.filter((value, index) => Math.abs(value - found!.values[index]!) > toleranceOf(id) * largest).length / expected.length;
        const error = relativeError(found!.values, expected);
        const isKinked = id === 'integratedgradients' && name === KINKED.network && sample.id === KINKED.sample;
        if (isKinked) assert.ok(error <= KINKED.most && off <= KINKED.share, `sample ${sample.id}: differs by ${error} of the largest value, beyond the tolerance in ${100 * off} % of the pixels`);
        else assert.ok(error <= toleranceOf(id), `sample ${sample.id}: differs by ${error} of the largest value`);
      }
    });
  }
}
