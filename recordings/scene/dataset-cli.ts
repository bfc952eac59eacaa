import { parseArgs } from 'node:util';
import { renderDataset } from './dataset.ts';
import { styles, type Style } from './world/plan.ts';

const help = `Renders pictures with labels for training and testing.

  node recordings/scene/dataset.mjs --seeds 1..100 --style random --frames-per-seed 12 --view pilotnet -o DIR

  --seeds A..B           which worlds, both ends included
  --style STYLE          ${styles.join(' | ')} (default random)
  --frames-per-seed N    samples from each world, apart in time (default 12)
  --view VIEW            pilotnet: the crop of crop.json at 200x66; road: the whole frame at 160x90 with masks
  --without ID|KIND      leaves out an object or all of a kind; the samples stay the same; may be given again
  --max-shift METRES     largest shift of the camera (default 1)
  --max-turn DEGREES     largest turn of the camera (default 5)
  -o DIR                 images.bin, labels.jsonl, dataset.json, and masks.bin for road
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1..10' },
    style: { type: 'string', default: 'random' },
    'frames-per-seed': { type: 'string', default: '12' },
    view: { type: 'string', default: 'pilotnet' },
    without: { type: 'string', multiple: true, default: [] },
    'max-shift': { type: 'string', default: '1' },
    'max-turn': { type: 'string', default: '5' },
    out: { type: 'string', short: 'o', default: '.' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  const seeds = /^(\d+)\.\.(\d+)$/.exec(values.seeds);
  if (seeds === null) throw new Error(`--seeds is A..B, not ${values.seeds}`);
  const style = styles.find((each) => each === values.style);
  if (style === undefined)
    throw new Error(`--style is one of ${styles.join(', ')}, not ${values.style}`);
  if (values.view !== 'pilotnet' && values.view !== 'road')
    throw new Error(`--view is pilotnet or road, not ${values.view}`);
  const rate = await renderDataset(
    {
      firstSeed: Number(seeds[1]),
      lastSeed: Number(seeds[2]),
      style: style satisfies Style,
      samplesPerSeed: Number(values['frames-per-seed']),
      view: values.view,
      without: values.without,
      maxShift: Number(values['max-shift']),
      maxTurn: Number(values['max-turn']),
      out: values.out,
    },
    (line) => process.stderr.write(`${line}\n`),
  );
  process.stderr.write(`${rate.toFixed(1)} samples a second\n`);
}
