import { z } from 'zod';

/** A kind of object that the API server keeps, with what we read of it. */
export interface Kind<T> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /**
   * What we rely on, and no more: an object that does not fit makes every list with it unusable, so what people may write
   * freely is left for its reader to judge.
   */
  readonly shape: z.ZodType<T>;
}

/** Of every object. A resourceVersion is opaque: it is compared for equality and given back, nothing else. */
export const objectMeta = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.number().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** Where objects of a kind are; null for kinds without namespaces, and to look into all of them. */
export interface Place {
  readonly namespace: string | null;
}

export interface Named extends Place {
  readonly name: string;
}

/** `leases.coordination.k8s.io`, as kubectl and roles call it. */
export function nameOf({ plural, group }: Kind<unknown>): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** Null when a segment is empty or made of dots: such a path would reach another object than meant. */
export function pathOf(
  { group, version, plural }: Kind<unknown>,
  { namespace, name }: Place & { readonly name?: string },
  subresource?: 'status',
): string | null {
  const segments = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(namespace === null ? [] : ['namespaces', namespace]),
    plural,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  if (segments.some((segment) => /^\.{0,2}$|\p{Cs}/u.test(segment))) return null;
  return `/${segments.map(encodeURIComponent).join('/')}`;
}
