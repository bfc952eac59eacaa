import { parseArgs } from 'node:util';
import { renderDrive } from './drive.ts';
import { styles, type Style } from './world/plan.ts';

const help = `Renders a drive with its log and ground truth.

  npm run scene -- --seed 7 --seconds 20 -o DIR

  --seed N            which world (default 1)
  --seconds S         length of the drive (default 20)
  --fps N             frames a second (default 25)
  --size WxH          16:9 (default 960x540)
  --style STYLE       ${styles.join(' | ')} (default random)
  --without ID|KIND   leaves out an object, or all of a kind (cue, bale, tree, bush, woods, sign, pole, lamp, building,
                      guard-rail, barrier, car, truck, marking); may be given again
  --shift METRES      camera moved to the left
  --turn DEGREES      camera turned to the left
  --name NAME         name of the files (default STYLE-SEED)
  --crf N             H.264 quality (default 22)
  --raw FILE          also writes the frames as raw rgb24
  -o DIR              folder for NAME.mp4, NAME.csv, NAME.truth.jsonl.gz (default .)
`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    fps: { type: 'string', default: '25' },
    size: { type: 'string', default: '960x540' },
    style: { type: 'string', default: 'random' },
    without: { type: 'string', multiple: true, default: [] },
    shift: { type: 'string', default: '0' },
    turn: { type: 'string', default: '0' },
    name: { type: 'string' },
    crf: { type: 'string', default: '22' },
    raw: { type: 'string' },
    out: { type: 'string', short: 'o', default: '.' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  const size = /^(\d+)x(\d+)$/.exec(values.size);
  if (size === null) throw new Error(`--size is WIDTHxHEIGHT, not ${values.size}`);
  const seed = Number(values.seed);
  const fps = await renderDrive(
    {
      seed,
      style: styleNamed(values.style),
      seconds: Number(values.seconds),
      without: values.without,
      name: values.name ?? `${values.style}-${seed}`,
      fps: Number(values.fps),
      size: [Number(size[1]), Number(size[2])],
      displaced: { shift: Number(values.shift), turn: Number(values.turn) },
      crf: Number(values.crf),
      out: values.out,
      raw: values.raw ?? null,
    },
    (line) => process.stderr.write(`${line}\n`),
  );
  process.stderr.write(`${fps.toFixed(1)} frames a second\n`);
}

function styleNamed(name: string): Style {
  const style = styles.find((each) => each === name);
  if (style === undefined) throw new Error(`--style is one of ${styles.join(', ')}, not ${name}`);
  return style;
}
