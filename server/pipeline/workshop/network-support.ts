import { basename } from 'node:path';
import { reportOf, RoadgazeError, type ErrorReport } from '../../../shared/errors.ts';
import { METHODS } from '../../../shared/methods.ts';
import {
  isSteering,
  numberName,
  numberPlace,
  type ExplainedNumber,
} from '../../../shared/explained-number.ts';
import { compile, subjectOf } from '../../explain/compile.ts';
import { iterativeMethods } from '../../explain/iterative/methods.ts';
import { loadNetwork, type NetworkFile } from '../../inference/network-file.ts';
import { proposeSidecar } from '../../inference/propose-sidecar.ts';
import { parseSidecar, type Sidecar } from '../../inference/sidecar.ts';
import { isConstant, isPicture, isSignal } from '../../inference/sidecar-form.ts';
import type { OnWeights } from '../../onnx/load-model.ts';
import { checkUsable } from './usable-network.ts';

/** Which methods explain a network, and what it must be fed with. */
export interface NetworkSupport {
  /** The file's name. */
  readonly name: string;
  readonly kind: Sidecar['kind'];
  /** What each input is fed with. */
  readonly fed: readonly InputFeed[];
  /** The number that is explained; null where the network cannot be used. */
  readonly explains: string | null;
  /** Whether it has no sidecar, and needs one as `roadgaze sidecar` proposes it. */
  readonly needsSidecar: boolean;
  /** Why the network cannot be used at all. */
  readonly error: ErrorReport | null;
  /** In the order of all methods; none where the network cannot be used. */
  readonly methods: readonly MethodSupport[];
}

export interface InputFeed {
  readonly input: string;
  readonly feed: 'picture' | 'signal' | 'constant' | 'state';
  /** `3 × 66 × 200`, `speed`, `h_out`. */
  readonly what: string;
}

export interface MethodSupport {
  readonly id: string;
  /** Null: it explains the network. */
  readonly error: ErrorReport | null;
}

/** Only a network that cannot be used is told with `error`. Rejects with defects. */
export async function networkSupport(path: string, onWeights?: OnWeights): Promise<NetworkSupport> {
  let error: ErrorReport | null = null;
  for (const attempt of attempts) {
    try {
      const network = await attempt.load(path, onWeights);
      checkUsable(network);
      return supportOf(network, attempt.needsSidecar);
    } catch (cause) {
      if (!(cause instanceof RoadgazeError)) throw cause;
      error ??= reportOf(cause);
    }
  }
  return {
    name: basename(path),
    kind: 'steering',
    fed: [],
    explains: null,
    needsSidecar: false,
    error,
    methods: [],
  };
}

type Load = (path: string, onWeights?: OnWeights) => Promise<NetworkFile>;

/** As it lies there, then with a sidecar as it is proposed, then as one that finds roads. */
const attempts: readonly { readonly load: Load; readonly needsSidecar: boolean }[] = [
  { load: (path, onWeights) => loadNetwork(path, 'steering', onWeights), needsSidecar: false },
  {
    load: (path, onWeights) =>
      loadNetwork(path, 'steering', onWeights, undefined, undefined, (model) =>
        parseSidecar(proposeSidecar(model, null).text, `proposed for ${basename(path)}`),
      ),
    needsSidecar: true,
  },
  { load: (path, onWeights) => loadNetwork(path, 'road', onWeights), needsSidecar: false },
];

function supportOf(network: NetworkFile, needsSidecar: boolean): NetworkSupport {
  const { source, sidecar } = network;
  const isRoad = sidecar.kind === 'road';
  const nameOf = (number: ExplainedNumber) =>
    isSteering(number) ? numberPlace(number) : numberName(number);
  return {
    name: source,
    kind: sidecar.kind,
    fed: feedsOf(network),
    explains: isRoad ? null : nameOf(network.shown.number),
    needsSidecar,
    error: null,
    methods: isRoad ? [] : methodsOf(network),
  };
}

function feedsOf({ pictures, axes, sidecar }: NetworkFile): readonly InputFeed[] {
  const { feeds = {} } = sidecar;
  return [
    ...pictures.map(({ image, stack, fields }): InputFeed => {
      const { channels, height, width } = image;
      const frames = stack.count > 1 ? `${stack.count} frames of ` : '';
      const size = `${channels / stack.count} × ${height} × ${width}`;
      const camera = fields.camera === undefined ? '' : ` of camera "${fields.camera}"`;
      const own = axes.find(({ planes }) => planes.name === image.name);
      return {
        input: own?.input.name ?? image.name,
        feed: 'picture',
        what: `${frames}${size}${camera}`,
      };
    }),
    ...Object.entries(feeds).flatMap(([input, feed]): InputFeed[] => {
      if (isPicture(feed)) return [];
      if (isConstant(feed)) return [{ input, feed: 'constant', what: shortly(feed.constant) }];
      if (isSignal(feed)) return [{ input, feed: 'signal', what: [feed.signal].flat().join(', ') }];
      return [{ input, feed: 'state', what: [feed.state].flat().join(', ') }];
    }),
  ];
}

function shortly(values: unknown): string {
  const text = [values].flat().join(', ');
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

/** Those of many passes need the compiled gradient, or nothing but the answer. */
function methodsOf({ model, sidecar }: NetworkFile): readonly MethodSupport[] {
  const subject = subjectOf(sidecar);
  const compiled = new Map<string, ErrorReport | null>();
  const errorOf = (id: string): ErrorReport | null => {
    let error = compiled.get(id);
    if (error !== undefined) return error;
    try {
      compile(model, [{ id }], subject);
      error = null;
    } catch (cause) {
      if (!(cause instanceof RoadgazeError)) throw cause;
      error = reportOf(cause);
    }
    compiled.set(id, error);
    return error;
  };
  return METHODS.map(({ id, realTime }) => {
    if (realTime) return { id, error: errorOf(id) };
    const slow = iterativeMethods.find((method) => method.id === id);
    return { id, error: slow?.needs === 'gradient' ? errorOf('gradient') : null };
  });
}
