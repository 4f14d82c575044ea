/**
 * What editors explain about the `status:` block that we write. It describes and demands nothing: a status may be
 * edited, copied or of another version, and whoever reads it decides what it is worth (status.ts).
 */

type Described = Readonly<Record<string, unknown>>;

const text = (description: string): Described => ({ description });
const map = (description: string, properties: Readonly<Record<string, Described>>): Described => ({
  description,
  properties,
});
const list = (description: string, item: string, properties: Readonly<Record<string, Described>>): Described => ({
  description,
  items: map(item, properties),
});

const condition = {
  type: text('What the condition is about, such as Ready.'),
  status: text('True, False or Unknown, as a text.'),
  reason: text('The code of what holds, such as Converged or SuspendedByHand.'),
  message: text('The same for people, with what settles it.'),
  lastTransitionTime: text('When the condition last flipped (UTC).'),
};

const credits = {
  declared: text('The credits of the declaration this status is about.'),
  granted: text('Credits granted so far by the customer’s ledger.'),
  slots: text('How many grants that were.'),
};

const key = {
  name: text('Name of the key, as declared.'),
  id: text('Id of the live key.'),
  prefix: text('Public beginning of the key; by it the stored secret is recognized.'),
  secret: text('Where the secret is kept.'),
  seen: text('How many keys of this name there ever were.'),
  ordinal: text('How many keys of this name were made before this one.'),
  replaces: text('Id of the key that this one replaced and that is revoked after the overlap.'),
};

const webhook = {
  name: text('Name of the webhook, as declared.'),
  id: text('Id of the endpoint.'),
  secret: text('Where the signing secret is kept.'),
  seen: text('How many endpoints of this name there ever were.'),
  deleted: text('true once it was deleted as declared.'),
};

const parentOrganizationId = text(
  'The parent organization this status was recorded under; it is ignored under another.',
);

/** Members of the block at the end of a customer’s file. */
export const customerStatusMembers: Readonly<Record<string, Described>> = {
  externalId: text('The customer this status is about; a block that was copied from another file is ignored.'),
  parentOrganizationId,
  declaration: text('Hash of the declaration, without its status.'),
  observedGeneration: text('In a cluster: the generation of the object that this status is about.'),
  organizationId: text('The customer’s organization.'),
  phase: text(
    'Ready, Progressing, Held (waits by itself), Stalled (needs a person: see conditions), Suspended or Archived.',
  ),
  conditions: list(
    'What holds for this customer, as of the last pass that changed something.',
    'One condition.',
    condition,
  ),
  credits: map('What was declared and what was granted.', credits),
  keys: list('The keys that were minted.', 'One key.', key),
};

/** Members of the block in reconcile.yaml, beside the settings. */
export const fleetStatusMembers: Readonly<Record<string, Described>> = {
  parentOrganizationId,
  webhooks: list('The endpoints that were created or adopted. Written by us.', 'One endpoint.', webhook),
};
