import { z } from 'zod';
import type { AnswerMeta } from '../../core/answer.ts';
import { Secret } from '../../core/secret.ts';

/*
 * Answers that show a secret once. One that holds the id and the secret is never refused for another field's sake:
 * a refused answer is a lost secret. What is missing is filled in from the request, and a later read will tell.
 */

/** Opaque text (concepts/api-keys), wrapped here before anything could log it. */
export const secretField = z
  .string()
  .regex(/^[\x21-\x7e]{8,4096}$/)
  .transform((text) => new Secret(text));

const membersSchema = z.record(z.string(), z.unknown());

/**
 * The members of an object that lies under `name`, or beside the secret: the pages do not show which (layers-api 18,
 * item 2). The nested ones win.
 */
export function membersUnder(name: string, json: unknown): Readonly<Record<string, unknown>> {
  const outer = membersSchema.catch({}).parse(json);
  const nested = membersSchema.catch({}).parse(Object.hasOwn(outer, name) ? outer[name] : undefined);
  return { ...outer, ...nested };
}

/**
 * When something made by this answer was made, for an answer that does not say: the server's time, or else the
 * beginning of the epoch, so that nothing that rests on a young credential is done.
 */
export function madeAt({ serverTimeMs = 0 }: AnswerMeta): string {
  return new Date(serverTimeMs).toISOString();
}
