import type { Answer, Failure } from '../../core/answer.ts';
import type { LedgerEvent, Organization, Whoami } from '../../core/api.ts';
import { type Check, failedCheck, judgeClock, passed, skipped, warned } from '../../core/check.ts';
import { isMarked, showsAnnotations } from '../../core/ledger.ts';
import { readGrantMarker, readOrganizationMarker } from '../../core/marker.ts';
import { scopesNotHeld } from '../../core/scopes.ts';
import type { Fleet, SourcedWorkspace } from '../../core/source.ts';
import type { LayersReader } from '../../effects/layers/client.ts';
import { refuseUnbound } from '../binding.ts';
import type { Effects } from '../context.ts';
import { readChildAllocations } from '../reads.ts';
import { sentenceOf } from '../secret-keeping.ts';

/** How many customers are asked for a grant to show. */
const SAMPLE = 5;

const AFTER_API = ['binding', 'clock', 'scopes', 'parent-ledger', 'grant-marks', 'secret-store'] as const;

/**
 * What can be seen of the API with a few GETs, and whether the secret store takes a probe.
 *
 * @param workspace what has to be bound to the parent and its key; null for the sandbox, whose parent is made for it
 */
export async function examineApi(
  effects: Effects,
  workspace: Pick<SourcedWorkspace, 'declaration'> | null,
  fleet: Fleet | null,
): Promise<Check[]> {
  const { reader, clock } = effects;
  const before = clock.now();
  const whoami = await reader.whoami();
  if (whoami.outcome !== 'ok') {
    const next =
      whoami.problem.code === 'UNAUTHENTICATED'
        ? 'Check LAYERS_API_KEY or LAYERS_API_KEY_FILE: the key is wrong, revoked, or replaced.'
        : 'Check LAYERS_BASE_URL and the network.';
    const rest = AFTER_API.map((id) => skipped(id, 'The API did not answer.'));
    return [failedCheck('api', `The API does not say who we are: ${why(whoami)}`, next), ...rest];
  }
  const me = whoami.value;
  const serverMs = whoami.meta.serverTimeMs;
  const middle = (before + clock.now()) / 2;
  const listing = await reader.listOrganizations({ limit: 200 });
  return [
    passed('api', `The API answers as ${me.organizationName} (${me.organizationId}), tier ${me.rateLimitTier}.`),
    examineBinding(workspace, me),
    judgeClock(serverMs === undefined ? null : middle - serverMs),
    examineScopes(listing, me, fleet),
    ...(await examineLedgers(effects, listing.outcome === 'ok' ? listing.value.items : [])),
    await examineSecretStore(effects, me.organizationId),
  ];
}

function why({ problem, meta }: Failure): string {
  return meta.requestId === undefined ? problem.message : `${problem.message} (request ${meta.requestId})`;
}

function examineBinding(workspace: Pick<SourcedWorkspace, 'declaration'> | null, me: Whoami): Check {
  if (!workspace) return skipped('binding', 'The sandbox needs no binding.');
  const refusal = refuseUnbound(workspace, me);
  if (refusal) return failedCheck('binding', refusal.message, refusal.next);
  return passed('binding', 'The workspace is bound to this parent and to this API key.');
}

/** whoami often lists no scopes for a key that works, so a listing is the proof of org:admin. */
function examineScopes(listing: Answer<unknown>, me: Whoami, fleet: Fleet | null): Check {
  if (listing.outcome !== 'ok')
    return failedCheck(
      'scopes',
      `The organizations cannot be listed: ${why(listing)}`,
      'Use an API key of the parent organization that holds org:admin.',
    );
  const wanted = (fleet?.customers ?? []).flatMap(({ declaration }) =>
    declaration.keys.flatMap(({ scopes }) => scopes),
  );
  const missing = scopesNotHeld([...new Set(wanted)], me.scopes);
  if (missing.length > 0)
    return failedCheck(
      'scopes',
      `The API key does not hold ${missing.join(', ')}, which customers' keys are declared with.`,
      'Use a parent key that holds them: a key can only hand on what it holds.',
    );
  const told = me.scopes.length === 0 ? ' The API does not say which further scopes the key holds.' : '';
  return passed('scopes', `The organizations can be listed, so the key holds org:admin.${told}`);
}

async function examineLedgers({ reader }: Effects, organizations: readonly Organization[]): Promise<Check[]> {
  const ledger = await reader.parentLedger({ limit: 100, eventType: 'allocation' });
  if (ledger.outcome !== 'ok')
    return [
      failedCheck(
        'parent-ledger',
        `The parent's ledger cannot be read: ${why(ledger)}`,
        'No customer is granted anything while it cannot: it is the second witness of every first grant.',
      ),
      skipped('grant-marks', "Nobody can be asked without the parent's ledger."),
    ];
  const readable = passed('parent-ledger', "The parent's ledger can be read.");
  return [readable, await examineMarks(reader, customersWithGrants(ledger.value.items, organizations))];
}

/** Whoever the parent's latest grants went to, by their marks; where it shows none, whoever carries ours. */
function customersWithGrants(debits: readonly LedgerEvent[], organizations: readonly Organization[]): string[] {
  const granted = debits.flatMap((event) => {
    const read = readGrantMarker(event);
    return read.kind === 'marked' && read.marker.organizationId !== null ? [read.marker.organizationId] : [];
  });
  const ours = organizations.filter((organization) => readOrganizationMarker(organization) !== null);
  return [...new Set([...granted, ...ours.map(({ id }) => id)])].slice(0, SAMPLE);
}

/** Nobody documents that a ledger shows our marks (P2), so one that holds a grant is asked. */
async function examineMarks(reader: LayersReader, organizationIds: readonly string[]): Promise<Check> {
  for (const id of organizationIds) {
    const events = await readChildAllocations(reader, id, 'newest-mark');
    if (events.outcome !== 'ok') return failedCheck('grant-marks', `A ledger cannot be read: ${why(events)}`, null);
    if (events.value.some(isMarked)) return passed('grant-marks', `Our marks can be read on the ledger of ${id}.`);
    if (events.value.some(({ credits }) => credits > 0) && !showsAnnotations(events.value))
      return warned(
        'grant-marks',
        `The ledger of ${id} shows neither metadata nor descriptions, so grants of ours could not be told from others.`,
        'After its first grant a customer gets no further credits (UnmarkedLedger). Ask the provider to return metadata.',
      );
  }
  return skipped('grant-marks', 'No customer was found that has a grant to show.');
}

async function examineSecretStore({ secrets }: Effects, parentOrganizationId: string): Promise<Check> {
  const slot = { parentOrganizationId, kind: 'webhook', externalId: null, name: 'doctor' } as const;
  const probed = await secrets.probe(slot);
  if (probed.ok) return passed('secret-store', 'The secret store takes a probe and gives it back.');
  return failedCheck(
    'secret-store',
    sentenceOf(probed),
    'A secret is shown once: no key is minted until its place is writable.',
  );
}
