import { RoadgazeError } from '../../shared/errors.ts';
import type { Size } from '../../shared/geometry.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import { agreementGraph, agreementOf } from '../attention/agreement-graph.ts';
import { attentionScore } from '../attention/score.ts';
import type { ByHand } from '../inference/by-hand.ts';
import { startOnBestProvider, type ProviderWish } from '../inference/choose-provider.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import type { NetworkPorts } from '../inference/network-ports.ts';
import type { PullAnswers } from '../inference/pull-step.ts';
import type { ChainFeed, ChainLink, ChainResult, FrameValues } from '../inference/session-chain.ts';
import { writeModel } from '../onnx/write-model.ts';
import type { DriveLog } from '../drive/log/drive-log.ts';
import type { PictureSource } from '../drive/source.ts';
import type { GraphVideo } from './workshop/tasks.ts';
import type { ExplainWish, StreamExplainer, FrameExplanation } from './stream-explainer.ts';
import {
  REGION,
  STEERING,
  maskOutput,
  scoreOutput,
  sizeOutput,
  streamedName,
  type StreamedChoice,
} from './frame-graph/names.ts';
import { regionSource } from './region-source.ts';
import {
  frameSignals,
  type FrameSignals,
  type GivenInputs,
  type LiveSignals,
} from './frame-signals.ts';
import { bytesOfState, startOf, stateBytes, stateFeeds } from './frame-states.ts';
import { cameraOf } from './other-cameras.ts';
import { picturePlan } from './picture-plan.ts';
import { pullOf, pullStep } from './pull.ts';
import { inWorkshop } from './workshop/workshop.ts';

export interface ExplainerRequest {
  readonly modelPath: string;
  readonly road: RoadSpecification;
  readonly video: GraphVideo;
  /** Id of the camera that it is of. */
  readonly camera?: string;
  /** What a person wants otherwise than the sidecar says. */
  readonly byHand?: ByHand | undefined;
  /** The drive, for what other cameras are like. */
  readonly drive?: Pick<PictureSource, 'ofCamera'>;
  /** VisualBackProp where it is left out. Each once with the same target. */
  readonly methods?: readonly StreamedChoice[];
  /** How far the network is pulled by what it looks at off the road: one or two passes more. */
  readonly pull?: boolean;
  readonly wish?: Partial<ProviderWish>;
  /** What was logged; waited for only where the network takes signals. */
  readonly log?: Promise<DriveLog | null>;
  /** Of a feed, in place of a log. */
  readonly told?: LiveSignals;
  /** Ends the work on the network at once; what runs it already is closed. */
  readonly signal?: AbortSignal;
}

/**
 * Compiles the frame graph of a network for a video and starts inference, warmed up. Throws
 * INPUT_NOT_FOUND, MODEL_*, METHOD_*, SIDECAR_INVALID, CROP_OUTSIDE_FRAME, ROAD_INVALID,
 * PROVIDER_UNAVAILABLE, INFERENCE_FAILED.
 */
export async function openStreamExplainer(request: ExplainerRequest): Promise<StreamExplainer> {
  const { video, road, methods = [{ id: 'visualbackprop' }] } = request;
  const { signal } = request;
  const graph = await compiledFrames(request, methods);
  const { network } = graph;
  const { image } = network;
  const { width, height } = image;
  const region = await regionSource(
    road,
    { width: video.width, height: video.height, colorSpace: video.colorSpace },
    network,
    image,
    signal,
  );
  const signals = frameSignals(
    network,
    network.signals.length > 0 ? (request.told ?? (await request.log) ?? null) : null,
  );
  signal?.throwIfAborted();

  const pixels = width * height;
  const { states } = network;
  const plan = picturePlan(network, graph.pictures);
  const [ownBytes, ...besideBytes] = plan.inputBytes as [number, ...number[]];
  // The explained picture, what the road needs, the pictures beside, signals, state.
  const behindRoad = 1 + region.inputBytes.length;
  const behindPictures = behindRoad + besideBytes.length;
  const main = region.links.length;
  const feeds: ChainFeed[] = [
    ...plan.feeds([0, ...besideBytes.map((_, index) => behindRoad + index)]),
    ...signals.feeds(behindPictures),
    ...stateFeeds(states, behindPictures + signals.inputBytes.length),
  ];
  const links: ChainLink[] = [
    ...region.links,
    { ...graph.link, feeds: [...feeds, ...region.feeds] },
    ...comparison(graph.compared, image, main),
  ];
  const ids = methods.map(streamedName);
  const chain = {
    links,
    results: [
      ...resultsOf(ids, main, links.length - 1),
      ...states.map(({ after }): ChainResult => ({ link: main, output: after })),
    ],
    inputBytes: [
      ownBytes,
      ...region.inputBytes,
      ...besideBytes,
      ...signals.inputBytes,
      ...stateBytes(states),
    ],
    batch: commonBatch(network, image.batch, region.batch),
    pull: graph.answer
      ? pullStep({ ...graph.answer, feeds }, network, graph.format, ids, main)
      : undefined,
  };
  const wish = { provider: 'auto', workers: null, ...request.wish } as const;
  const { pool, provider, workers, passedOver } = await startOnBestProvider(
    chain,
    network.alone || region.alone,
    wish,
  );

  const { scale, ...output } = network.shown;
  const shape: ResultShape = {
    methods: ids.length,
    pixels,
    scale,
    compares: graph.compared.length > 0,
  };
  const formats = [...plan.images, ...region.images];
  const run = async (
    images: readonly Uint8Array[],
    pts: number,
    { urgent = false, numbersOnly = false, pull = false, given: set, past }: ExplainWish,
  ): Promise<FrameValues> => {
    const given = region.given(pts);
    const [own, ...beside] = plan.bytes(images, past);
    const before = (await past?.memory?.before) ?? startOf(states);
    return pool.run(
      [
        own!,
        ...images.slice(plan.images.length),
        ...(given ? [given.bytes] : []),
        ...beside,
        ...signals.at(pts, set),
        ...bytesOfState(before),
      ],
      urgent,
      { detailed: !numbersOnly, pull: pull && (given?.known ?? true) },
    );
  };
  const explain: StreamExplainer['explain'] = async (images, pts, wish = {}) => {
    const running = run(images, pts, wish);
    // Behind what is told of the frame stands what goes to the next one.
    const told = chain.results.length - states.length;
    if (states.length > 0)
      wish.past?.memory?.keep(
        running.then((values) => values.slice(told, chain.results.length) as Float32Array[]),
      );
    const values = await running;
    const answers = chain.pull ? (values[chain.results.length] as PullAnswers | null) : null;
    return {
      ...explanation(values.slice(0, told), shape, region.given(pts)?.known ?? true),
      ...(chain.pull && wish.pull
        ? { pull: answers && pullOf((values[0] as Float32Array)[0]!, answers, scale) }
        : {}),
    };
  };
  return {
    network: {
      name: network.name,
      digest: network.digest,
      methods: ids,
      crop: graph.format.crop,
      mask: { width, height },
      output,
    },
    ports: portsOf(network, signals),
    shownBack: (network.byHand?.stepsBack ?? 0) * network.stack.step,
    tellsPull: chain.pull !== undefined,
    takesSignals: network.signals.length > 0,
    signalsAt: (pts) => signals.logged(pts),
    assumptions: [...network.assumptions, ...signals.assumptions],
    images: formats,
    reach: plan.reach,
    others: plan.others,
    memory:
      states.length === 0
        ? null
        : {
            warmUp: Math.max(...states.map(({ warmUp }) => warmUp)),
            follow: ({ images, pts, past }, set?: GivenInputs) =>
              explain(
                images.slice(0, formats.length).map((image) => image.slice()),
                pts,
                { numbersOnly: true, past, ...(set ? { given: set } : {}) },
              ),
          },
    provider: {
      name: provider,
      workers,
      millisecondsPerFrame: pool.warmUp.millisecondsPerFrame,
      passedOver,
    },
    explain,
    close: () => pool.close(),
  };
}

/** With what the graph must know of the other cameras that the network sees. */
async function compiledFrames(
  { modelPath, road, video, camera, byHand, drive = {}, pull = false, signal }: ExplainerRequest,
  methods: readonly StreamedChoice[],
) {
  const beside: Record<string, GraphVideo> = {};
  for (;;) {
    const graph = await inWorkshop(
      'frames',
      {
        path: modelPath,
        methods,
        video: graphVideo(video),
        ...(camera === undefined ? {} : { camera }),
        byHand,
        beside,
        scored: road.kind !== 'none',
        answering: pull && road.kind !== 'none',
      },
      { signal },
    );
    if (graph.missing === null) return graph;
    for (const each of graph.missing)
      beside[each] = graphVideo((await cameraOf(drive, each)).video);
  }
}

/** With where the numbers of each signal come from. */
function portsOf({ ports, signals }: NetworkInfo, { assumptions }: FrameSignals): NetworkPorts {
  return {
    ...ports,
    inputs: ports.inputs.map((input) => {
      const at = signals.findIndex(({ name }) => name === input.name);
      return at >= 0 && input.feed.kind === 'signal'
        ? { ...input, feed: { ...input.feed, note: assumptions[at]! } }
        : input;
    }),
  };
}

function graphVideo({ width, height, colorSpace }: GraphVideo): GraphVideo {
  return { width, height, colorSpace };
}

/** Frames in every run of both networks. Throws MODEL_SHAPE where they fix different ones. */
function commonBatch(
  { source }: NetworkInfo,
  own: number | null,
  road: number | null,
): number | null {
  if (own === null || road === null || own === road) return own ?? road;
  throw new RoadgazeError(
    'MODEL_SHAPE',
    `${source} takes ${own} pictures at once and the road network ${road}, so that they cannot run together.`,
    'Export one of them with a free batch.',
  );
}

/**
 * The comparison of the first two methods: a model of its own, so that the operator set of the
 * network does not matter.
 */
function comparison(compared: readonly string[], image: Size, main: number): ChainLink[] {
  const [first, second] = compared;
  if (first === undefined || second === undefined) return [];
  return [
    {
      model: writeModel(agreementGraph(image)),
      source: 'the comparison of methods',
      feeds: [
        { name: 'first', from: 'link', link: main, output: sizeOutput(first) },
        { name: 'second', from: 'link', link: main, output: sizeOutput(second) },
      ],
    },
  ];
}

/**
 * Steering, a score per method, a mask per method, the agreement (with several), the region (with a
 * road).
 */
function resultsOf(methods: readonly string[], main: number, last: number): ChainResult[] {
  return [
    { link: main, output: STEERING },
    ...methods.map((id): ChainResult => ({ link: main, output: scoreOutput(id) })),
    ...methods.map((id): ChainResult => ({ link: main, output: maskOutput(id), detail: true })),
    ...(last > main ? [{ link: last, output: 'agreement' }] : []),
    ...(main > 0 ? [{ link: 0, output: REGION, detail: true }] : []),
  ];
}

interface ResultShape {
  readonly methods: number;
  readonly pixels: number;
  readonly scale: number;
  readonly compares: boolean;
}

/** Reads what `resultsOf` asks for. */
function explanation(
  values: FrameValues,
  { methods, pixels, scale, compares }: ResultShape,
  roadKnown: boolean,
): Omit<FrameExplanation, 'pull'> {
  const [steering, ...rest] = values as readonly [Float32Array, ...FrameValues];
  const scores = rest
    .slice(0, methods)
    .map((sums) => attentionScore(sums as Float32Array, pixels, roadKnown));
  const masks = rest.slice(methods, 2 * methods).filter((mask) => mask !== null) as Uint8Array[];
  const [agreement, region] = (
    compares ? rest.slice(2 * methods) : [null, ...rest.slice(2 * methods)]
  ) as [Float32Array | null, Uint8Array?];
  const isComparable = agreement && scores[0]!.mass > 0 && scores[1]!.mass > 0;
  return {
    steering: steering[0]! * scale,
    scores,
    masks,
    agreement: isComparable ? agreementOf(agreement) : null,
    road: roadKnown ? (region ?? null) : null,
  };
}
