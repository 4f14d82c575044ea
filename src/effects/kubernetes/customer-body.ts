import { customerResource } from '../../core/declaration/customer-resource.ts';
import type { CustomerObject } from './kinds.ts';

/** An object as it is sent back to replace its status, and only in the version that was read. */
export function customerBody({ metadata, spec }: CustomerObject, { status }: { readonly status?: unknown }): object {
  const { group, version, kind } = customerResource;
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { name, namespace, uid, resourceVersion },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}
