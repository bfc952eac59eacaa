import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { PAINT_RECORDER } from './paint-recorder.ts';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser that `npm test` found, the one named by the environment, or Debian's. */
const executablePath = [
  process.env['ROADGAZE_CHROMIUM'],
  process.env['CHROMIUM'],
  ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'chromium')),
].find((path) => path !== undefined && path !== '' && existsSync(path));

/** `skip` for tests that need a browser. */
export const withoutBrowser: string | false = executablePath
  ? false
  : 'no Chromium on this machine';

export interface OpenedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors that the page wrote to its console or did not catch, so far. */
  readonly complaints: readonly string[];
}

let browser: Promise<Browser> | null = null;

/** Closes the browser of this test file when its tests are over. */
export function closeBrowserAfter(suite: Pick<TestContext, 'after'>): void {
  suite.after(async () => {
    await (await browser)?.close();
    browser = null;
  });
}

/** A page in a context of its own; wide and dark, unless told otherwise. */
export async function openPage(
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  browser ??= chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ARGUMENTS });
  const context = await (
    await browser
  ).newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark', ...options });
  await context.addInitScript(PAINT_RECORDER);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}
