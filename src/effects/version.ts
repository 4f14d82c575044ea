import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The version in our package.json, which lies two floors above this file in `src` and in `dist` alike. */
export const packageVersion: string = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))).version;
