import type { Style } from './world/plan.ts';

/** The drives that ship. Their seeds lie outside those that networks are trained on. */
export const demoDrives: { name: string; style: Style; seed: number }[] = [
  { name: 'country-road', style: 'country', seed: 42 },
  { name: 'motorway', style: 'motorway', seed: 14 },
  { name: 'misleading-signs', style: 'misleading', seed: 17 },
];

export const demoSettings = { seconds: 32, fps: 25, size: [960, 540] as [number, number], crf: 25 };
