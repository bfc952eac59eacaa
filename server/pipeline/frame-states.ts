import type { ChainFeed } from '../inference/session-chain.ts';
import type { State, StateInput } from '../inference/state-inputs.ts';

/** How state gets into a chain; `first` is the number of the first of them among its inputs. */
export function stateFeeds(states: readonly StateInput[], first: number): readonly ChainFeed[] {
  return states.map(({ fed, elements }, index) => ({
    name: fed,
    from: 'call',
    input: first + index,
    dims: [elements],
    type: 'float32',
  }));
}

export function stateBytes(states: readonly StateInput[]): readonly number[] {
  return states.map(({ elements }) => 4 * elements);
}

/** In front of the first frame. */
export function startOf(states: readonly StateInput[]): State {
  return states.map(({ start }) => Float32Array.from(start));
}

/** Copies, because their memory moves to a worker. */
export function bytesOfState(state: State): readonly Uint8Array[] {
  return state.map((values) => new Uint8Array(values.slice().buffer));
}
