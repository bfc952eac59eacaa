import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { RoadgazeError, reportOf } from '../../shared/errors.ts';
import { harmless } from '../../shared/harmless.ts';
import { describeMethod } from '../../shared/methods.ts';
import { refuseOtherNetwork } from '../onnx/other-networks.ts';
import type { InputFeed, NetworkSupport } from '../pipeline/workshop/network-support.ts';
import { inWorkshop } from '../pipeline/workshop/workshop.ts';
import { fitted } from './terminal.ts';

export interface NetworksOptions {
  readonly json?: true;
  readonly markdown?: true;
}

/** Processor time for one network: it is compiled once for every method. */
const LIMIT_SECONDS = 120;

export async function runNetworks(
  paths: readonly string[],
  { json, markdown }: NetworksOptions,
): Promise<void> {
  if (json && markdown)
    throw new RoadgazeError('USAGE', '--json and --markdown exclude each other.', 'Leave one out.');
  const found: { readonly path: string; readonly shown: string }[] = [];
  for (const path of paths) found.push(...(await networksAt(path)));
  const rows: (NetworkSupport & { readonly file: string })[] = [];
  if (markdown) write(`${MARKDOWN_HEAD}\n`);
  for (const { path, shown } of found) {
    const row = { file: shown, ...(await supportOf(path, shown)) };
    rows.push(row);
    if (markdown) write(`${markdownRow(row)}\n`);
    else if (!json)
      write(
        `${inWords(row)
          .map((line) => fitted(line, process.stdout, '      '))
          .join('\n')}\n`,
      );
  }
  if (json) write(`${JSON.stringify(rows, null, 2)}\n`);
  else if (!markdown && rows.length > 1) {
    const usable = rows.filter(({ error }) => error === null).length;
    write(`${usable} of ${rows.length} networks can be used\n`);
  }
}

const write = (text: string) => process.stdout.write(text);

async function networksAt(path: string): Promise<{ path: string; shown: string }[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `There is nothing at ${path}.`,
      'Give networks (.onnx), or folders that hold some.',
      { cause },
    );
  });
  if (!info.isDirectory()) return [{ path, shown: path }];
  await refuseOtherNetwork(path);
  const names = await readdir(path, { recursive: true });
  const { compare } = new Intl.Collator('en', { numeric: true });
  const networks = names
    .filter((name) => extname(name).toLowerCase() === '.onnx')
    .sort(compare)
    .map((name) => join(path, name));
  if (networks.length === 0)
    throw new RoadgazeError(
      'INPUT_EMPTY',
      `${path} holds no network (.onnx).`,
      'Give another folder, or export the network as ONNX.',
    );
  return networks.map((each) => ({ path: each, shown: relative(path, each) }));
}

/** What takes too much to be looked at cannot be used either. */
async function supportOf(path: string, name: string): Promise<NetworkSupport> {
  try {
    return await inWorkshop('support', { path }, { seconds: LIMIT_SECONDS });
  } catch (cause) {
    if (!(cause instanceof RoadgazeError)) throw cause;
    const nothing = { kind: 'steering', fed: [], explains: null, needsSidecar: false } as const;
    return { name, ...nothing, error: reportOf(cause), methods: [] };
  }
}

function inWords(row: NetworkSupport & { readonly file: string }): string[] {
  const { file, kind, fed, explains, needsSidecar, error, methods } = row;
  if (error) return [file, `  cannot be used: ${error.message}`, `    → ${error.hint}`];
  return [
    file,
    `  fed with  ${fed.map(feedInWords).join('; ')}`,
    ...(needsSidecar ? ['    it has no sidecar yet: write one with roadgaze sidecar --write'] : []),
    ...(kind === 'road' ? ['  finds roads, and is not explained'] : []),
    ...(explains === null ? [] : [`  explains  ${explains}`]),
    ...(methods.length === 0
      ? []
      : [`  methods   ${methods.flatMap(({ id, error }) => (error ? [] : [id])).join(', ')}`]),
    ...reasonsOf(row).map(({ ids, reason }) => `  not       ${ids.join(', ')}: ${reason}`),
  ];
}

/** Methods that are refused with the same words, but for their names, stand together. */
function reasonsOf({
  methods,
}: NetworkSupport): readonly { readonly ids: readonly string[]; readonly reason: string }[] {
  const groups = new Map<string, { readonly ids: string[]; readonly reason: string }>();
  for (const { id, error } of methods) {
    if (!error) continue;
    const nameless = error.message.replace(describeMethod(id)!.name, '');
    const group = groups.get(nameless);
    if (group) group.ids.push(id);
    else groups.set(nameless, { ids: [id], reason: error.message });
  }
  return [...groups.values()];
}

const FEEDS: Readonly<Record<InputFeed['feed'], string>> = {
  picture: 'the picture, ',
  signal: 'signal ',
  state: 'state, ',
  constant: '',
};

function feedInWords({ input, feed, what }: InputFeed): string {
  return `${input}: ${FEEDS[feed]}${what}`;
}

const MARKDOWN_HEAD = '| network | fed with | methods | not |\n| --- | --- | --- | --- |';

function markdownRow(row: NetworkSupport & { readonly file: string }): string {
  const { file, fed, error, methods } = row;
  const runs = methods.filter((method) => method.error === null).length;
  const cells = [
    `\`${file}\``,
    fed.map(feedInWords).join('; '),
    error ? '0' : `${runs} of ${methods.length}`,
    error
      ? error.message
      : reasonsOf(row)
          .map(({ ids, reason }) => `${ids.map((id) => `\`${id}\``).join(', ')}: ${reason}`)
          .join(' '),
  ];
  return `| ${cells.map((cell) => harmless(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}
