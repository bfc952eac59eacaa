import type { Page } from 'playwright-core';

/** Unfolds the settings of flags, which a low page keeps folded. */
export async function showFlagSettings(page: Page): Promise<void> {
  const settings = page.locator('details.settings');
  if ((await settings.getAttribute('open')) === null) await settings.locator('summary').click();
}
