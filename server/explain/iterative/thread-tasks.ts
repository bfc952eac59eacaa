import { parentPort, workerData } from 'node:worker_threads';
import { gaussianBlur, type BlurRequest } from './picture-grid.ts';
import { ridge, type Regression } from './ridge.ts';
import { salientRegion, type RegionRequest } from './salient-region.ts';
import { superpixels, type SuperpixelRequest } from './slic.ts';

/** What is too long for the thread that serves sockets, by name. */
export type ThreadTask =
  | { readonly name: 'superpixels'; readonly request: SuperpixelRequest }
  | { readonly name: 'ridge'; readonly request: Regression }
  | { readonly name: 'gaussianBlur'; readonly request: BlurRequest }
  | { readonly name: 'salientRegion'; readonly request: RegionRequest };

const tasks = { superpixels, ridge, gaussianBlur, salientRegion } as const;
export type ThreadResult<Name extends ThreadTask['name']> = ReturnType<(typeof tasks)[Name]>;

const { name, request } = workerData as ThreadTask;
parentPort?.postMessage((tasks[name] as (request: ThreadTask['request']) => unknown)(request));
