import { describeExplanation } from '../../shared/explanations.ts';
import type { CodedPictures } from '../covers/covered-pictures.ts';
import type { PullAnswers } from '../inference/pull-step.ts';
import { channelsOf } from '../inference/frame-stack.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import type { ChainLink, PullStep } from '../inference/session-chain.ts';
import type { ImageFormat } from '../video/frame-source.ts';
import { maskOutput, REGION, STEERING } from './frame-graph/names.ts';

/** The method that marks things as wholes. */
const BEST = 'visualbackprop';

/**
 * The step that asks a network again without what it looked at: by the mask of VisualBackProp where
 * that is among the methods of the chain's link `main`, else of the first one, and by the road of
 * its first link. The network's own picture is the call's first input.
 */
export function pullStep(
  link: ChainLink,
  { image, stack, byHand }: NetworkInfo,
  { pixelFormat }: ImageFormat,
  methods: readonly string[],
  main: number,
): PullStep {
  const method = methods.includes(BEST) ? BEST : methods[0]!;
  return {
    link,
    output: STEERING,
    input: 0,
    coded: {
      width: image.width,
      height: image.height,
      // What a network sees never comes as RGB: see `bytesFor`.
      pixelFormat: pixelFormat as CodedPictures['pixelFormat'],
      signed: describeExplanation(method)?.signed ?? false,
      shown: channelsOf(stack, byHand?.stepsBack).first / stack.channels,
    },
    mask: { link: main, output: maskOutput(method) },
    road: { link: 0, output: REGION },
  };
}

/**
 * How far the answer moves without what was looked at, beyond how far it moves by a control cover;
 * 0 where nothing was covered, null where one of the answers is no number.
 */
export function pullOf(answer: number, answers: PullAnswers, scale: number): number | null {
  if (![answer, ...answers].every(Number.isFinite)) return null;
  const [change = 0, control = 0] = Array.from(answers, (other) => Math.abs(other - answer));
  return Math.max(0, change - control) * Math.abs(scale);
}
