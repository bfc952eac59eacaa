import { parentPort, workerData } from 'node:worker_threads';
import { coverPictures, type CoverRequest } from './causal-check-covers.ts';

parentPort?.postMessage((workerData as readonly CoverRequest[]).map(coverPictures));
