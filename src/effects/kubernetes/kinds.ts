import { z } from 'zod';
import { customerResource } from '../../core/declaration/customer-resource.ts';
import { type Kind, objectMeta } from './kind.ts';

/** The kinds of objects that we read and write, each with what we rely on. */

const { group, version, plural } = customerResource;

/** What people write below spec, and whatever stands below status, is for its reader to judge. */
const customer = z.object({ metadata: objectMeta, spec: z.unknown().optional(), status: z.unknown().optional() });

export type CustomerObject = z.output<typeof customer>;
export const customers: Kind<CustomerObject> = { group, version, plural, shape: customer };

/** Values in base64. */
const secret = z.object({ metadata: objectMeta, data: z.record(z.string(), z.string()).nullish() });

export type SecretObject = z.output<typeof secret>;
export const secrets: Kind<SecretObject> = { group: '', version: 'v1', plural: 'secrets', shape: secret };

const configMap = z.object({ metadata: objectMeta, data: z.record(z.string(), z.string()).nullish() });

export type ConfigMapObject = z.output<typeof configMap>;
export const configMaps: Kind<ConfigMapObject> = { group: '', version: 'v1', plural: 'configmaps', shape: configMap };

/** Events are written and never read back. */
export const events: Kind<unknown> = { group: 'events.k8s.io', version: 'v1', plural: 'events', shape: z.unknown() };
