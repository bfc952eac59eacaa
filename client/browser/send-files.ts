import type { BegunUpload, FinishedUpload } from '../../shared/protocol/catalogue-messages.ts';
import type { UploadTools } from '../state/uploads.svelte.ts';
import { askServer } from './ask-server.ts';

const UPLOADS = 'api/uploads';

/** Sends files to the server that the page is from. */
export const uploadTools: UploadTools = {
  begin: (files) =>
    askServer<BegunUpload>(UPLOADS, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        files: files.map(({ path, bytes, modified }) => ({ path, bytes, modified })),
      }),
    }),
  send: async (upload, file, offset, part) => {
    const { received } = await askServer<{ received: number }>(
      `${UPLOADS}/${upload}/${file}?offset=${offset}`,
      { method: 'PUT', body: part as Blob },
    );
    return received;
  },
  finish: (upload) => askServer<FinishedUpload>(`${UPLOADS}/${upload}`, { method: 'POST' }),
  abandon: async (upload) => {
    await askServer(`${UPLOADS}/${upload}`, { method: 'DELETE' });
  },
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  now: () => performance.now(),
};
