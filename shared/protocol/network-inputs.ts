import type { ExplainedNumber } from '../explained-number.ts';
import type { AngleOf } from '../steering.ts';

/** What an input of a network is fed with. */
export type FedWith =
  | {
      readonly kind: 'picture';
      /** Id of a camera of the drive; null: the one that is shown. */
      readonly camera: string | null;
      /** Frames that it is put together from, `step` frames of the drive apart. */
      readonly frames: number;
      readonly step: number;
      readonly color: string;
      /** The one that masks are of. */
      readonly isExplained: boolean;
    }
  | { readonly kind: 'constant'; readonly values: readonly number[] }
  | {
      readonly kind: 'signal';
      readonly signals: readonly string[];
      readonly unit: string | null;
      /** It is the place of the one that is 1, of so many. */
      readonly oneHot: number | null;
      readonly otherwise: number;
      /** Where its numbers come from, a sentence. */
      readonly note: string;
    }
  | {
      readonly kind: 'state';
      readonly of: readonly string[];
      readonly warmUp: number;
      readonly isQueue: boolean;
    };

export interface NetworkInput {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly feed: FedWith;
  /**
   * So many numbers can be set by hand, or one for all of them; 0: none can. Of a signal they are in
   * its own unit, before the sidecar's scale.
   */
  readonly settable: number;
}

export interface NetworkOutput {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  /** For one picture; null: the network leaves it open. */
  readonly elements: number | null;
}

/** More numbers of one input are set only all alike. */
export const MOST_SET = 16;

/** What a person tries on the shown frames; the analysis does not know of it. */
export interface Trial {
  /** By names of inputs. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Explained in place of what the sidecar says; null: that. */
  readonly output: { readonly tensor: string; readonly element: number } | null;
  /** Of a stack of frames, the picture and the mask of the one so many steps back; 0 without. */
  readonly stepsBack?: number;
}

/** The number that is explained, and what it may be called. */
export interface NumberOfTrial {
  readonly number: ExplainedNumber;
  readonly quantity: string | null;
  readonly unit: string | null;
  readonly positive: 'left' | 'right' | null;
  readonly angleOf?: AngleOf | null;
}

/** A picture of a network as the network gets it. */
export interface PictureAsSeen {
  /** Name of the input. */
  readonly input: string;
  /** Steps back from the newest frame of the stack. */
  readonly stepsBack: number;
  readonly width: number;
  readonly height: number;
  /** PNG, base64. */
  readonly png: string;
}

export function isTrialEmpty({ inputs, output, stepsBack = 0 }: Trial): boolean {
  return stepsBack === 0 && output === null && Object.keys(inputs).length === 0;
}
