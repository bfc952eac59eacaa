import { availableParallelism } from 'node:os';
import { WorkLane } from './work-lane.ts';

/**
 * All limits of what is done at the same time for all viewers together are in this file, sized by
 * the processor's cores.
 */
const CORES = availableParallelism();

const SECOND = 1000;

const PLAYING = Math.max(8, 4 * CORES);
const PICTURES = Math.max(4, 2 * CORES);
const PROBES = Math.max(4, 2 * CORES);
const EXPLAINED = Math.max(2, CORES);

export const lanes = {
  /** Short looks into files, by ffprobe. */
  probes: new WorkLane({
    what: `looks into ${PROBES} files`,
    places: PROBES,
    waiting: 2000,
    patience: 60 * SECOND,
  }),
  /** Decoders of single pictures: first ones, sought ones, and their neighbours. */
  pictures: new WorkLane({
    what: `looks for ${PICTURES} pictures`,
    places: PICTURES,
    waiting: 200 * PICTURES,
    patience: 20 * SECOND,
  }),
  /** Decoders that play. A place is held as long as playing goes on. */
  playing: new WorkLane({
    what: `plays for ${PLAYING} viewers`,
    places: PLAYING,
    waiting: 8 * PLAYING,
    patience: 10 * SECOND,
  }),
  /** Explanations of many passes and causal checks: each keeps several cores busy. */
  explanations: new WorkLane({
    what: `explains ${EXPLAINED} pictures or flags`,
    places: EXPLAINED,
    waiting: 32 * EXPLAINED,
    patience: 300 * SECOND,
  }),
};

/**
 * Recordings with a network and methods that are open at the same time: each has inference workers,
 * frames in memory, and an analysis.
 */
export const MOST_WORKSPACES = Math.max(8, 4 * CORES);

/** Networks that run beside them, each for one viewer who sets constants by hand or explains another number. */
export const MOST_TRIALS = Math.max(4, CORES);

/** Bytes that wait to be sent to one viewer. */
export const MOST_UNSENT = 16 << 20;
/** Bytes that wait to be sent to all viewers together: the one with the most is let go first. */
export const MOST_UNSENT_IN_ALL = 256 << 20;

/** Connections that watch, as long as there are descriptors for them. */
export const MOST_VIEWERS = 2000;
/**
 * Descriptors that are kept for decoders, inference, files, and those who only ask for the page or
 * `/healthz`.
 */
export const RESERVED_DESCRIPTORS = 40 + 5 * (PLAYING + PICTURES) + 4 * MOST_WORKSPACES;
