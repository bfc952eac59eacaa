import { filesVersion } from '../files/files-version.ts';

import { extname } from 'node:path';
import type { ErrorReport } from '../../shared/errors.ts';
import type { RoadSpecification } from '../attention/road-specification.ts';
import type { LogChoices } from '../drive/log/choices.ts';
import type { Recording } from '../drive/recording.ts';
import type { DriveSource } from '../drive/source.ts';

/** What the numbers of an analysis come from. */
export interface AnalysisOrigin {
  readonly recording: Recording;
  readonly modelPath: string;
  readonly road: RoadSpecification;
  /** What a person said of the log, or why that cannot be read. */
  readonly log: LogChoices | ErrorReport;
  /** What JSON tells apart. */
  readonly methods: readonly unknown[];
  /** How far the network is pulled by what it looks at off the road is told, too. */
  readonly pull?: boolean;
}

/**
 * Tells analyses apart: all that their numbers come from, with size and time of change of every
 * file. Not by what a person said of the log, which networks without signals do not see.
 */
export async function analysisKey(
  { recording, modelPath, road, log, methods, pull = false }: AnalysisOrigin,
  drive: DriveSource,
): Promise<string> {
  const models = road.kind === 'model' ? [modelPath, road.path] : [modelPath];
  const truth = road.kind === 'truth' ? [road.path] : [];
  const versions = await filesVersion([...truth, ...models, ...models.map(sidecarOf)]);
  const { id, key } = recording;
  // Of all that is said of a log this is of the pictures.
  const fps = 'code' in log ? null : (log.fps ?? null);
  const version = await drive.version();
  return JSON.stringify([id, key, drive.camera, version, versions, road, fps, methods, pull]);
}

function sidecarOf(path: string): string {
  return `${path.slice(0, path.length - extname(path).length)}.json`;
}
