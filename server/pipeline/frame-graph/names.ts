import { explanationName, explanationOf, type Target } from '../../../shared/explanations.ts';
import type { MethodChoice } from '../../explain/method-options.ts';

/**
 * Input of every graph that reads a frame. Names have a prefix, because the network's own are used
 * beside them.
 */
export const FRAME = 'roadgaze/frame';

/** Of the picture so many after the one that is explained. */
export const besideFrame = (index: number) => `${FRAME}/${index}`;

/** Names of the frame graph's input `road`, and of its outputs by the names of explanations. */
export const ROAD = 'roadgaze/road';
export const STEERING = 'roadgaze/steering';
export const maskOutput = (explanation: string) => `roadgaze/mask_${explanation}`;
export const scoreOutput = (explanation: string) => `roadgaze/score_${explanation}`;
export const sizeOutput = (explanation: string) => `roadgaze/size_${explanation}`;

/** Output of every road graph: uint8 [N, H·W] on the mask's grid, 0 or 255. */
export const REGION = 'roadgaze/region';

/** A method as the frame graph has it: its default target is `+`. */
export interface StreamedChoice extends MethodChoice {
  readonly target?: Target;
}

/** By names of explanations. */
export function streamedChoices(names: readonly string[]): StreamedChoice[] {
  return names.map((name) => {
    const { method, target } = explanationOf(name);
    return { id: method, target };
  });
}

export function streamedName({ id, target = '+' }: StreamedChoice): string {
  return explanationName({ method: id, target });
}
