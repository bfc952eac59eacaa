import type { Model, ValueInfo } from '../onnx/graph.ts';
import { dataTypeName } from '../onnx/tensor.ts';
import type { ImageInput } from './explained-output.ts';
import { usualPictures } from './usual-picture.ts';
import { binMeaning } from './explained-number.ts';
import { usualFeed } from './usual-feed.ts';

export const PRESETS = ['donkeycar', 'openpilot', 'udacity', 'jetracer'] as const;
export type Preset = (typeof PRESETS)[number];

/** One input or output, and what is proposed for it. */
export interface Proposal {
  /** `image float [N, 3, 66, 200]` */
  readonly what: string;
  /** As JSON; null: nothing is written for it. */
  readonly entry: string | null;
  readonly why: string;
}

export interface ProposedSidecar {
  readonly inputs: readonly Proposal[];
  readonly outputs: readonly Proposal[];
  /** The text of the file. */
  readonly text: string;
}

/** How the tools of these cars make a picture, and what their networks answer. */
const presets: Readonly<Record<Preset, { picture(image: ImageInput): object; output: object }>> = {
  donkeycar: {
    picture: () => ({ scale: 1 / 255 }),
    output: { quantity: 'normalized', unit: '1', positive: 'right' },
  },
  openpilot: {
    picture: () => ({}),
    // Its answers are many, and differ from release to release: which one is meant must be said.
    output: {},
  },
  udacity: {
    picture: ({ channels, height, width }) => ({
      ...(channels === 3 && height === 66 && width === 200 ? { color: 'yuv' } : {}),
      scale: 1 / 127.5,
      offset: -1,
    }),
    output: { quantity: 'normalized', unit: '1', positive: 'right' },
  },
  jetracer: {
    picture: ({ channels }) =>
      channels === 3
        ? {
            scale: [0.229, 0.224, 0.225].map((deviation) => 1 / (255 * deviation)),
            offset: [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
          }
        : {},
    output: { quantity: 'normalized', unit: '1', positive: 'right' },
  },
};

/**
 * A sidecar of the second version, guessed from names and shapes, and from what a preset's tool does.
 * Throws MODEL_INPUT_UNCLEAR, MODEL_SHAPE where the picture cannot be told.
 */
export function proposeSidecar(model: Model, preset: Preset | null): ProposedSidecar {
  const pictures = usualPictures(model);
  const entries: Record<string, object> = {};
  const inputs = model.inputs.map((input): Proposal => {
    const picture = pictures.find(({ name }) => name === input.name);
    const { feed, why } = picture
      ? {
          feed: {
            picture: {
              ...(preset ? presets[preset].picture(picture.image) : {}),
              ...picture.fields,
            },
          },
          why: `${
            preset
              ? `the picture, as ${preset} makes it`
              : 'the picture, as bytes from 0 to 255: correct "scale" and "offset"'
          }${picture.why}`,
        }
      : usualFeed(input, model.outputs);
    entries[input.name] = feed;
    return { what: described(input), entry: JSON.stringify(feed), why };
  });
  const chosen = steeringOutput(model);
  const elements = elementsOf(chosen);
  const isBins =
    elements > 2 && (preset === 'donkeycar' || binMeaning(model, chosen.name) !== null);
  const output = {
    tensor: chosen.name,
    ...(isBins
      ? { bins: { from: -1, to: 1, read: 'argmax' } }
      : elements > 1
        ? { element: 0 }
        : {}),
    ...(preset ? presets[preset].output : {}),
  };
  const outputs = model.outputs.map((each): Proposal => {
    if (each !== chosen) return { what: described(each), entry: null, why: 'not explained' };
    return {
      what: described(each),
      entry: JSON.stringify(output),
      why: isBins
        ? `${elements} bins: correct "from" and "to"`
        : preset
          ? `the steering, as ${preset} has it`
          : 'the steering, of unknown unit and side',
    };
  });
  const sidecar = { roadgaze: 2, kind: 'steering', inputs: entries, output };
  return { inputs, outputs, text: `${JSON.stringify(sidecar, null, 2)}\n` };
}

/** The output that is called so, else the first one. */
function steeringOutput({ outputs }: Model): ValueInfo {
  return (
    outputs.find(({ name }) => /steer|angle|curvature/i.test(name)) ??
    outputs.find(({ name }) => !/throttle|brake|speed|accel/i.test(name)) ??
    outputs[0]!
  );
}

/** For each picture, as far as the file tells; 1 where it does not. */
function elementsOf({ shape }: ValueInfo): number {
  return (shape ?? [])
    .slice(1)
    .reduce<number>((product, size) => product * (typeof size === 'number' ? size : 1), 1);
}

function described({ name, type, shape }: ValueInfo): string {
  return `${name} ${dataTypeName(type)} [${shape?.join(', ') ?? '?'}]`;
}
