import { parse } from 'yaml';

/** What `metadata.yaml` of a ROS 2 bag tells of it. */
export interface BagMetadata {
  /** Names of its files as they are written, in order. */
  readonly splits: readonly string[];
  /** `FILE`, `MESSAGE`, or empty. */
  readonly compressionMode: string;
  readonly compressionFormat: string;
  /** Messages of a topic, by its name. */
  readonly counts: ReadonlyMap<string, number>;
  /** Types of topics as they are written, by the topic's name. */
  readonly types: ReadonlyMap<string, string>;
  readonly durationSeconds: number | null;
}

/** Throws where the text is no YAML, or not a bag's. */
export function parseBagMetadata(text: string): BagMetadata {
  const whole: unknown = parse(text, { logLevel: 'error' });
  const bag = fieldOf(whole, 'rosbag2_bagfile_information');
  if (bag === undefined) throw new Error('it has no rosbag2_bagfile_information');
  const topics = listOf(fieldOf(bag, 'topics_with_message_count'));
  const counts = new Map<string, number>();
  const types = new Map<string, string>();
  for (const topic of topics) {
    const name = fieldOf(fieldOf(topic, 'topic_metadata'), 'name');
    const type = fieldOf(fieldOf(topic, 'topic_metadata'), 'type');
    const count = fieldOf(topic, 'message_count');
    if (typeof name === 'string' && typeof type === 'string') types.set(name, type);
    if (typeof name === 'string' && typeof count === 'number' && count >= 0)
      counts.set(name, count);
  }
  const nanoseconds = fieldOf(fieldOf(bag, 'duration'), 'nanoseconds');
  return {
    splits: listOf(fieldOf(bag, 'relative_file_paths')).filter((path) => typeof path === 'string'),
    compressionMode: textOf(fieldOf(bag, 'compression_mode')).toUpperCase(),
    compressionFormat: textOf(fieldOf(bag, 'compression_format')).toLowerCase(),
    counts,
    types,
    durationSeconds: typeof nanoseconds === 'number' ? nanoseconds / 1e9 : null,
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
