export interface MethodDescription {
  readonly name: string;
  /** What a picture of this method says, and what it does not. */
  readonly says: string;
  readonly paper: string;
  readonly link: string;
}

const METHODS: Readonly<Record<string, MethodDescription>> = {
  visualbackprop: {
    name: 'VisualBackProp',
    says: 'It shows what the convolutional trunk keeps of the picture, not the sign of the decision: bright is not “steer there”.',
    paper: 'Bojarski et al. 2016, arXiv 1611.05418',
    link: 'https://arxiv.org/abs/1611.05418',
  },
};

/** null for a method this page does not know; its id is then its name. */
export function methodOf(id: string): MethodDescription | null {
  return METHODS[id] ?? null;
}
