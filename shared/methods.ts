/**
 * How a method's result lies and what it means:
 * - `mask`: [N,1,H,W] on the picture's grid, 0..1
 * - `attribution`: shaped and ordered like the network's input, one number per input element;
 * `signed` tells whether the sign counts
 * - `activation-map`: [N,1,h,w] at the resolution of the layer it was taken from, ≥ 0 unless `signed`
 */
export type ExplanationKind = 'mask' | 'attribution' | 'activation-map';

/**
 * What every part of Roadgaze, and every reader of its pages, must know of an explanation method.
 */
export interface MethodDescription {
  readonly id: string;
  readonly name: string;
  readonly kind: ExplanationKind;
  /**
   * Whether the values have a sign: positive ones push the explained output up. Shown in colours
   * that diverge from zero.
   */
  readonly signed: boolean;
  /**
   * Part of a compiled graph, so that it can stream; the others run on one frame, in many passes.
   */
  readonly realTime: boolean;
  /**
   * Whether turning the explained output round, or taking its size, shows something else, and not
   * the same or the same with exchanged signs.
   */
  readonly directed: boolean;
  /** What a picture of this method says. */
  readonly shows: string;
  /** What it does not say. */
  readonly hides: string;
  readonly paper: string;
  readonly link: string;
}

export const METHODS: readonly MethodDescription[] = [
  {
    id: 'visualbackprop',
    name: 'VisualBackProp',
    kind: 'mask',
    signed: false,
    realTime: true,
    directed: false,
    shows: 'What the convolutions keep of the picture on every level, from coarse to fine.',
    hides: 'It does not depend on the output: bright is not “steer there”, and it has no sign.',
    paper: 'Bojarski et al. 2016, arXiv 1611.05418',
    link: 'https://arxiv.org/abs/1611.05418',
  },
  {
    id: 'gradient',
    name: 'Gradient',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: false,
    shows:
      'How much, and which way, the steering would change if a pixel became a little brighter.',
    hides:
      'Not how much a pixel contributes now: where the network is saturated the gradient is small. It is noisy.',
    paper: 'Simonyan et al. 2013, arXiv 1312.6034',
    link: 'https://arxiv.org/abs/1312.6034',
  },
  {
    id: 'saliency',
    name: 'Saliency',
    kind: 'attribution',
    signed: false,
    realTime: true,
    directed: false,
    shows:
      'How strongly the steering reacts to a small change of each pixel; of several colours the strongest.',
    hides: 'Not the direction, and not what a pixel contributes now.',
    paper: 'Simonyan et al. 2013, arXiv 1312.6034',
    link: 'https://arxiv.org/abs/1312.6034',
  },
  {
    id: 'inputxgradient',
    name: 'Input × gradient',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: false,
    shows: 'Each pixel’s share of the steering, if the network were linear around this picture.',
    hides:
      'Black pixels get nothing, whatever they mean to the network; it is as noisy as the gradient.',
    paper: 'Shrikumar et al. 2016, arXiv 1605.01713',
    link: 'https://arxiv.org/abs/1605.01713',
  },
  {
    id: 'guidedbackprop',
    name: 'Guided backpropagation',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: true,
    shows: 'Sharp structures along paths where everything speaks for the output.',
    hides:
      'It looks much like an edge detector, and hardly changes when the network’s upper layers are randomised.',
    paper: 'Springenberg et al. 2014, arXiv 1412.6806',
    link: 'https://arxiv.org/abs/1412.6806',
  },
  {
    id: 'deconvnet',
    name: 'Deconvnet',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: true,
    shows:
      'The pattern in the picture that would excite the output, projected back through the layers.',
    hides:
      'Which units were active in this picture counts only in the poolings: it says little about this frame.',
    paper: 'Zeiler & Fergus 2013, arXiv 1311.2901',
    link: 'https://arxiv.org/abs/1311.2901',
  },
  {
    id: 'fullgrad',
    name: 'FullGrad',
    kind: 'activation-map',
    signed: false,
    realTime: true,
    directed: false,
    shows:
      'Where pixels and the biases of all convolutions carry the output, from fine layers and coarse ones, each layer counted alike.',
    hides:
      'Which way a place pushes, and biases of dense layers, which have no place in the picture.',
    paper: 'Srinivas & Fleuret 2019, arXiv 1905.00780',
    link: 'https://arxiv.org/abs/1905.00780',
  },
  {
    id: 'gradcam',
    name: 'Grad-CAM',
    kind: 'activation-map',
    signed: false,
    realTime: true,
    directed: true,
    shows: 'Coarse places whose deepest features push the output up.',
    hides: 'Places that push the output down, and anything finer than a cell of the deepest layer.',
    paper: 'Selvaraju et al. 2017, arXiv 1610.02391',
    link: 'https://arxiv.org/abs/1610.02391',
  },
  {
    id: 'gradcampp',
    name: 'Grad-CAM++',
    kind: 'activation-map',
    signed: false,
    realTime: true,
    directed: true,
    shows: 'As Grad-CAM, with weights that also credit small and repeated objects.',
    hides: 'Places that push the output down, and anything finer than a cell of the deepest layer.',
    paper: 'Chattopadhay et al. 2018, arXiv 1710.11063',
    link: 'https://arxiv.org/abs/1710.11063',
  },
  {
    id: 'hirescam',
    name: 'HiResCAM',
    kind: 'activation-map',
    signed: true,
    realTime: true,
    directed: false,
    shows:
      'Coarse places of the deepest features, each weighed by its own gradient: what pushes the output up, and what pushes it down.',
    hides: 'Anything finer than a cell of the deepest layer, unless an earlier layer is chosen.',
    paper: 'Draelos & Carin 2020, arXiv 2011.08891',
    link: 'https://arxiv.org/abs/2011.08891',
  },
  {
    id: 'layercam',
    name: 'LayerCAM',
    kind: 'activation-map',
    signed: false,
    realTime: true,
    directed: true,
    shows:
      'Places of a layer’s features that push the output up; of an early layer, where the option `layer` names one, fine ones.',
    hides: 'Places that push the output down.',
    paper: 'Jiang et al. 2021, doi 10.1109/TIP.2021.3089943',
    link: 'https://doi.org/10.1109/TIP.2021.3089943',
  },
  {
    id: 'eigencam',
    name: 'EigenCAM',
    kind: 'activation-map',
    signed: true,
    realTime: true,
    directed: false,
    shows:
      'The main pattern of the deepest features over the picture, whatever the network does with it.',
    hides:
      'What steers: it does not ask for the output. Its sign means nothing; the larger end is drawn as positive.',
    paper: 'Muhammad & Yeasin 2020, arXiv 2008.00299',
    link: 'https://arxiv.org/abs/2008.00299',
  },
  {
    id: 'guided-gradcam',
    name: 'Guided Grad-CAM',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: true,
    shows: 'The fine structures of guided backpropagation where Grad-CAM is bright.',
    hides: 'What guided backpropagation hides, and what pushes the output down.',
    paper: 'Selvaraju et al. 2017, arXiv 1610.02391',
    link: 'https://arxiv.org/abs/1610.02391',
  },
  {
    id: 'cam',
    name: 'CAM',
    kind: 'activation-map',
    signed: true,
    realTime: true,
    directed: false,
    shows: 'The exact share of each place of the deepest layer in the output.',
    hides: 'It exists only for networks that end in global average pooling and one dense layer.',
    paper: 'Zhou et al. 2016, arXiv 1512.04150',
    link: 'https://arxiv.org/abs/1512.04150',
  },
  {
    id: 'lrp-epsilon',
    name: 'LRP ε',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: false,
    shows:
      'The steering value shared out to the pixels, layer by layer, in proportion to what each contributed.',
    hides: 'On deep rectifier networks it is close to input × gradient, and as noisy.',
    paper: 'Bach et al. 2015, doi 10.1371/journal.pone.0130140',
    link: 'https://doi.org/10.1371/journal.pone.0130140',
  },
  {
    id: 'lrp-epsilon-plus',
    name: 'LRP ε+',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: false,
    shows:
      'Where the relevance of the steering value comes from; convolutions pass on only what speaks for it.',
    hides: 'What spoke against it inside the convolutions.',
    paper: 'Montavon et al. 2019, doi 10.1007/978-3-030-28954-6_10',
    link: 'https://doi.org/10.1007/978-3-030-28954-6_10',
  },
  {
    id: 'lrp-alpha2-beta1',
    name: 'LRP α2β1',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: false,
    shows: 'What speaks for the steering value, counted twice, less what speaks against it.',
    hides: 'The weights 2 and 1 are a choice: the size of the negative part is not a measurement.',
    paper: 'Bach et al. 2015, doi 10.1371/journal.pone.0130140',
    link: 'https://doi.org/10.1371/journal.pone.0130140',
  },
  {
    id: 'lrp-epsilon-gamma-box',
    name: 'LRP ε, γ, box',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: false,
    shows:
      'Relevance with a rule for each depth: box at the pixels, γ in the convolutions, ε in the dense layers.',
    hides:
      'γ is a choice; with it what speaks for the value weighs more than what speaks against it.',
    paper: 'Montavon et al. 2019, doi 10.1007/978-3-030-28954-6_10',
    link: 'https://doi.org/10.1007/978-3-030-28954-6_10',
  },
  {
    id: 'attnlrp',
    name: 'AttnLRP',
    kind: 'attribution',
    signed: true,
    realTime: true,
    directed: false,
    shows:
      'The steering value of a transformer shared out to the pixels: through attention, softmax and norms, too.',
    hides:
      'What biases, fixed tokens and the constant part of each softmax are given stays there: the pixels do not add up to the value.',
    paper: 'Achtibat et al. 2024, arXiv 2402.05602',
    link: 'https://arxiv.org/abs/2402.05602',
  },
  {
    id: 'attention-rollout',
    name: 'Attention rollout',
    kind: 'activation-map',
    signed: false,
    realTime: true,
    directed: false,
    shows:
      'Which patches of the picture a transformer’s answer is made of, by how its tokens read one another, layer by layer.',
    hides:
      'It does not depend on the output: a patch that is read may change nothing. It has no sign, and nothing finer than a patch.',
    paper: 'Abnar & Zuidema 2020, arXiv 2005.00928',
    link: 'https://arxiv.org/abs/2005.00928',
  },
  {
    id: 'integratedgradients',
    name: 'Integrated gradients',
    kind: 'attribution',
    signed: true,
    realTime: false,
    directed: true,
    shows:
      'Each pixel’s share in the change of steering from a black picture to this one; the shares add up to it.',
    hides: 'It depends on the baseline: what is as dark as the baseline gets nothing.',
    paper: 'Sundararajan et al. 2017, arXiv 1703.01365',
    link: 'https://arxiv.org/abs/1703.01365',
  },
  {
    id: 'smoothgrad',
    name: 'SmoothGrad',
    kind: 'attribution',
    signed: true,
    realTime: false,
    directed: true,
    shows: 'The gradient, averaged over noisy copies of the picture, so that its noise cancels.',
    hides: 'Not what a pixel contributes now; how much noise to add is a choice.',
    paper: 'Smilkov et al. 2017, arXiv 1706.03825',
    link: 'https://arxiv.org/abs/1706.03825',
  },
  {
    id: 'occlusion',
    name: 'Occlusion',
    kind: 'attribution',
    signed: true,
    realTime: false,
    directed: true,
    shows:
      'How the steering changes when a patch of the picture is covered: measured, not derived.',
    hides: 'Anything smaller than the patch; and the cover is itself something to see.',
    paper: 'Zeiler & Fergus 2013, arXiv 1311.2901',
    link: 'https://arxiv.org/abs/1311.2901',
  },
  {
    id: 'lime',
    name: 'LIME',
    kind: 'attribution',
    signed: true,
    realTime: false,
    directed: true,
    shows:
      'Which patches of similar colour carry the steering, from a linear model of many covered copies.',
    hides:
      'It is a random sample: another seed gives a slightly other answer; a patch is all or nothing.',
    paper: 'Ribeiro et al. 2016, arXiv 1602.04938',
    link: 'https://arxiv.org/abs/1602.04938',
  },
  {
    id: 'rise',
    name: 'RISE',
    kind: 'attribution',
    signed: true,
    realTime: false,
    directed: true,
    shows:
      'How the steering goes with what random masks leave open, without looking into the network.',
    hides:
      'Anything finer than a cell of the masks; few masks leave noise, and a picture full of holes is none that the network knows.',
    paper: 'Petsiuk et al. 2018, arXiv 1806.07421',
    link: 'https://arxiv.org/abs/1806.07421',
  },
  {
    id: 'ascent',
    name: 'Gradient ascent',
    kind: 'attribution',
    signed: true,
    realTime: false,
    directed: true,
    shows: 'A picture, made from nothing, that makes the network steer as hard as it can.',
    hides: 'It is about the network, not about this frame.',
    paper: 'Simonyan et al. 2013, arXiv 1312.6034',
    link: 'https://arxiv.org/abs/1312.6034',
  },
  {
    id: 'segmentation',
    name: 'Saliency segmentation',
    kind: 'mask',
    signed: false,
    realTime: false,
    directed: false,
    shows: 'The one region of similar colour that holds most of the saliency.',
    hides:
      'Everything outside the largest region, however much it mattered; borders follow colour, not the network.',
    paper: 'Simonyan et al. 2013, arXiv 1312.6034 (section 4)',
    link: 'https://arxiv.org/abs/1312.6034',
  },
];

export function describeMethod(id: string): MethodDescription | null {
  return METHODS.find((method) => method.id === id) ?? null;
}
