import { explainedOperatorOf } from '../../operators/explained-operators.ts';
import { isConvolutional } from '../linear-map.ts';
import type { BackwardRule, Composite, Place } from '../rule.ts';
import { normRule, softmaxRule } from './attention-rules.ts';
import { gatedProduct } from './gates.ts';
import { inProportion, keptByFirst, routed, stopped } from './shared-out.ts';

/**
 * Rules of a composite for layers with weights; all other operators are treated alike by every
 * composite.
 */
export interface LayerRules {
  readonly convolution: BackwardRule;
  readonly dense: BackwardRule;
  /** For layers that the picture enters, where they have a rule of their own. */
  readonly first?: BackwardRule;
}

export function relevanceComposite(
  { convolution, dense, first }: LayerRules,
  epsilon: number,
): Composite {
  const proportional = inProportion(epsilon);
  const shared = inProportion(epsilon, true);
  const normed = normRule(epsilon);
  return (node, { isFirst, isBeforeLayers }: Place) => {
    const row = explainedOperatorOf(node);
    if (!row) return null;
    if (isBeforeLayers && row.scales) return routed;
    switch (row.relevance) {
      case 'layer':
        return isFirst && first ? first : isConvolutional(node) ? convolution : dense;
      case 'activation':
      case 'quotient':
        return keptByFirst;
      case 'routing':
        return routed;
      case 'sum':
        return proportional;
      case 'contraction':
        return shared;
      case 'product':
        return gatedProduct;
      case 'softmax':
        return softmaxRule;
      case 'norm':
        return normed;
      case 'stop':
        return stopped;
      case null:
        return null;
    }
  };
}
