/**
 * `roadgaze/compile`: a network with its explanations as one more graph. `compile` takes a model of
 * `roadgaze/onnx`, and `parseSidecar` with `subjectOf` tells it what a sidecar says of the picture
 * and the answer; `anySubject` lets it find both by itself. `withConstants` makes the inputs that a
 * sidecar holds constant a part of the model, and `withBins` the angle behind bins.
 */
export { anySubject, compile, subjectOf, type Subject } from '../explain/compile.ts';
export { withBins, withoutBins } from '../inference/bins.ts';
export { withConstants } from '../inference/constant-inputs.ts';
export { parseSidecar, type Sidecar } from '../inference/sidecar.ts';
export type { MethodChoice } from '../explain/method-options.ts';
export type { Target } from '../../shared/explanations.ts';
export { METHODS, type MethodDescription } from '../../shared/methods.ts';
