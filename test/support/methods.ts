import { compiledMethods } from '../../server/explain/methods.ts';

/** Methods that exist for transformers only. */
const ofAttention = ['attnlrp', 'attention-rollout'];

/** Methods that a network without attention can be compiled with. */
export const convolutionalMethods = compiledMethods.filter(({ id }) => !ofAttention.includes(id));
