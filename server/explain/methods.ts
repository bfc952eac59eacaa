import { RoadgazeError } from '../../shared/errors.ts';
import { describeMethod, type MethodDescription } from '../../shared/methods.ts';
import { attentionRollout } from './attention/rollout.ts';
import type { CompiledMethod } from './compiled-method.ts';
import { classActivationMethods } from './class-activation.ts';
import { fullGradMethod } from './fullgrad.ts';
import { gradientMethods } from './gradients.ts';
import { relevanceMethods } from './relevance.ts';
import { visualBackPropMethod } from './visualbackprop/method.ts';

export const compiledMethods: readonly CompiledMethod[] = [
  visualBackPropMethod,
  ...gradientMethods,
  fullGradMethod,
  ...classActivationMethods,
  ...relevanceMethods,
  attentionRollout,
];

export interface DescribedMethod extends CompiledMethod {
  readonly description: MethodDescription;
}

/** Throws METHOD_UNKNOWN. */
export function compiledMethod(id: string): DescribedMethod {
  const method = compiledMethods.find((each) => each.id === id);
  const description = describeMethod(id);
  if (!method || !description) {
    const isSlow = description && !description.realTime;
    throw new RoadgazeError(
      'METHOD_UNKNOWN',
      isSlow
        ? `${description.name} takes many passes over the network and cannot be compiled into it.`
        : `There is no explanation method "${id}".`,
      isSlow
        ? `Use "roadgaze explain --method ${id}", or compile one of: ${ids()}.`
        : `Choose one of: ${ids()}.`,
    );
  }
  return { ...method, description };
}

function ids(): string {
  return compiledMethods.map((method) => method.id).join(', ');
}
