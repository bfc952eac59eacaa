import { intAttribute } from '../../../onnx/attributes.ts';
import { MOST_STEPS } from '../../../onnx/rewrite/recurrent/unroll-recurrent.ts';
import { unsupported, type BackwardRule } from '../rule.ts';

/** Says why a recurrent layer was not unrolled into operators that have a rule. */
export const notUnrolled: BackwardRule = (step) => {
  const { node, shapes } = step;
  const steps = shapes.known(node.inputs[0]!)?.[intAttribute(node, 'layout', 0) === 1 ? 1 : 0];
  if (typeof steps !== 'number') throw unsupported(step, 'the length of its sequence is open');
  throw unsupported(
    step,
    steps > MOST_STEPS / 2
      ? `its sequence has ${steps} steps, and more than ${MOST_STEPS} in both directions are too many to go back through`
      : 'its weights, lengths or activations are not known before it runs',
  );
};

/** Says why GridSample was not written out. */
export const notSampled: BackwardRule = (step) => {
  throw unsupported(
    step,
    'it mirrors at the border, or takes curves through four places, or its sizes are not known',
  );
};

/** Says why Attention was not written out. */
export const notWrittenOut: BackwardRule = (step) => {
  throw unsupported(
    step,
    step.node.inputs.slice(4).some((input) => input !== '')
      ? 'it reads keys and values that it kept from the run before'
      : 'the shapes that it multiplies are not known, or it is not in single precision',
  );
};
