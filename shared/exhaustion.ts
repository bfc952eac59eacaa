/** What a machine that has run out of something is told as, in place of what was being done. */
export interface Exhaustion {
  readonly message: string;
  readonly hint: string;
}

const FEWER = 'let fewer watch at the same time';
const DESCRIPTORS: Exhaustion = {
  message: 'The machine has no more file descriptors for Roadgaze.',
  hint: `Raise the limit with \`ulimit -n\` before the start, or ${FEWER}.`,
};
const FILES: Exhaustion = {
  message: 'The machine has no more file descriptors for any program.',
  hint: `Close other programs, or ${FEWER}.`,
};
const PROCESSES: Exhaustion = {
  message: 'The machine starts no more processes for Roadgaze.',
  hint: `Raise the limit with \`ulimit -u\` before the start, or ${FEWER}.`,
};
const MEMORY: Exhaustion = {
  message: 'The machine has no more memory for Roadgaze.',
  hint: `Close other programs, or ${FEWER}.`,
};

/** Causes may be nested, and not for ever. */
const DEEPEST = 8;

/**
 * The want of descriptors, processes or memory that an error, or what caused it, comes from; null
 * where it comes from something else.
 */
export function exhaustionOf(error: unknown): Exhaustion | null {
  let each = error;
  for (let depth = 0; each instanceof Error && depth < DEEPEST; depth++) {
    const found = ofSystem(each);
    if (found) return found;
    each = each.cause;
  }
  return null;
}

function ofSystem(
  error: Error & { readonly code?: unknown; readonly syscall?: unknown },
): Exhaustion | null {
  // A thread that cannot start has a code of its own, and the system's in its message.
  const code =
    error.code === 'ERR_WORKER_INIT_FAILED' ? /\bE[A-Z]+$/.exec(error.message)?.[0] : error.code;
  switch (code) {
    case 'EMFILE':
      return DESCRIPTORS;
    case 'ENFILE':
      return FILES;
    case 'EAGAIN':
      // Of reading and writing it says something else.
      return error.code !== code || String(error.syscall).startsWith('spawn') ? PROCESSES : null;
    case 'ENOMEM':
    case 'ENOBUFS':
    case 'ERR_WORKER_OUT_OF_MEMORY':
      return MEMORY;
    default:
      return null;
  }
}
