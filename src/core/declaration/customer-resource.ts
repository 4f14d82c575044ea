/** How a customer is called in the API of a cluster. */
export const customerResource = {
  group: 'layers-reconciler.dev',
  version: 'v1alpha1',
  kind: 'Customer',
  listKind: 'CustomerList',
  plural: 'customers',
  singular: 'customer',
  shortNames: ['lcust'],
  categories: ['layers'],
} as const;
