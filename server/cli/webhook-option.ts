import { readFile } from 'node:fs/promises';
import { RoadgazeError } from '../../shared/errors.ts';
import { parseWebhookUrl, Webhook } from '../alerts/webhook.ts';

export interface WebhookOptions {
  readonly webhook?: string;
  readonly webhookSecretFile?: string;
}

export const SECRET_VARIABLE = 'ROADGAZE_WEBHOOK_SECRET';
/** So short a key can be found by trying. */
const SHORTEST_SECRET = 16;

/**
 * null without `--webhook`. Throws USAGE for an address or a secret that cannot be used,
 * INPUT_NOT_FOUND.
 */
export async function openWebhook(
  { webhook, webhookSecretFile }: WebhookOptions,
  onFailure: (sentence: string) => void,
): Promise<Webhook | null> {
  if (webhook === undefined) return null;
  const url = parseWebhookUrl(webhook);
  const secret =
    webhookSecretFile === undefined
      ? process.env[SECRET_VARIABLE]
      : await readSecret(webhookSecretFile);
  if (!secret)
    throw new RoadgazeError(
      'USAGE',
      'The webhook has no secret to sign requests with.',
      `Set ${SECRET_VARIABLE}, or name a file with --webhook-secret-file.`,
    );
  if (secret.length < SHORTEST_SECRET)
    throw new RoadgazeError(
      'USAGE',
      `The secret of the webhook has fewer than ${SHORTEST_SECRET} characters.`,
      'Make a longer one, for example with: openssl rand -hex 32',
    );
  return new Webhook({ url, secret, onFailure });
}

async function readSecret(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new RoadgazeError(
      'INPUT_NOT_FOUND',
      `There is no secret in ${path}, or it may not be read.`,
      'Check the spelling, and that you may read it.',
      { cause },
    );
  }
}
