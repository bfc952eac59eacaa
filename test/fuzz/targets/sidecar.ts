import { subjectOf } from '../../../server/explain/compile.ts';
import { parseSidecar } from '../../../server/inference/sidecar.ts';
import { mutateJson } from '../mutate/json.ts';
import { bytesOf, textOf, type FuzzTarget } from '../target.ts';

const seeds = [
  { roadgaze: 1, kind: 'steering' },
  {
    roadgaze: 1,
    kind: 'steering',
    name: 'PilotNet',
    input: {
      tensor: 'image',
      crop: { x: 0, y: 340, width: 960, height: 188, of: [960, 540] },
      resize: 'area',
      color: 'yuv',
      scale: [1, 2, 3],
      offset: -0.5,
    },
    output: {
      tensor: 'steering',
      index: 0,
      quantity: 'angle',
      unit: 'rad',
      scale: 2,
      positive: 'left',
    },
  },
  { roadgaze: 1, kind: 'road', input: { color: 'rgb', scale: 0.5 }, output: { threshold: 0.5 } },
];

export function open(): FuzzTarget {
  return {
    make: (random) => bytesOf(mutateJson(random.pick(seeds), random)),
    run(input) {
      const sidecar = parseSidecar(textOf(input), 'fuzzed.json');
      subjectOf(sidecar);
      return sidecar.kind;
    },
  };
}
