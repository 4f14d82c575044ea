import { type Mutant, mutant } from './mutant.ts';

const ANSWERS = 'src/effects/layers/answers.ts';
const CREATION = 'src/engine/steps/organization.ts';
const IDENTIFICATION = 'src/core/resources/identification.ts';
const PAGES = 'src/effects/layers/pages.ts';
const STATE = 'src/core/resources/state.ts';
const VETO = 'src/core/resources/organization.ts';
const WHOLE = "{ outcome: 'ok', value: [...items.values()], meta: firstMeta ?? answer.meta }";

/** Mistakes about the network, about what is there, and about what nobody declared. */
export const worldMutants: readonly Mutant[] = [
  mutant(
    'a lost answer is a refusal',
    'I1',
    ANSWERS,
    "wire.certainty === 'nothing-sent' ? 'not-done' : 'in-doubt'",
    "'not-done'",
  ),
  mutant(
    'a 5xx is a refusal',
    'I1',
    ANSWERS,
    "if (status < 400 || status >= 500) return 'in-doubt';",
    "if (status < 400 || status >= 500) return 'not-done';",
  ),
  mutant(
    'a 429 for money is a refusal',
    'I1',
    ANSWERS,
    "return kind === 'allocate' ? 'in-doubt' : 'not-done';",
    "return 'not-done';",
  ),
  mutant(
    'redirects are followed',
    'I4',
    'src/effects/layers/undici-transport.ts',
    'const response = await dispatcher.request({',
    "const response = await dispatcher.compose((await import('undici')).interceptors.redirect({ maxRedirections: 3 })).request({",
  ),
  mutant(
    'half a listing is a listing',
    'I2',
    PAGES,
    'if (!isOk(answer)) return answer;',
    `if (!isOk(answer)) return firstMeta === null ? answer : ${WHOLE};`,
  ),
  mutant(
    'a repeated cursor ends a listing',
    'I2',
    PAGES,
    "if (cursors.has(next)) return badListing('the listing repeats a cursor and would never end', answer.meta);",
    `if (cursors.has(next)) return ${WHOLE};`,
  ),
  mutant(
    'a partial listing lets others be created',
    'I2',
    'src/engine/pass.ts',
    'observed.some(showsPartialListing) ? observed.map(withoutCreation) : observed',
    'observed',
  ),
  mutant(
    'a creation rests on a listing from before its file was read',
    'I2',
    'src/engine/fleet/customer-visit.ts',
    'return Math.max(view.declarations.seenIn.get(externalId) ?? 0, memory.attemptedIn(externalId));',
    'return 0;',
  ),
  mutant(
    'a visit is judged before the rest of the fleet was looked at',
    'I8',
    'src/engine/fleet/judgement.ts',
    'customers.filter((customer) => !memory.standsFor(customer, view))',
    'customers.filter(() => false)',
  ),
  mutant(
    'the parent ledger is no witness against a creation',
    'I2',
    CREATION,
    'if (namesCustomer || counterpartiesOf(recent.value).some(isUnlisted))',
    'if (false)',
  ),
  mutant(
    'random creation key',
    'I2',
    CREATION,
    'pass.keys.createOrganization(externalId, incarnation)',
    'pass.effects.chance.uuid()',
  ),
  mutant(
    'money to an organization that reads back unmarked',
    'I6',
    CREATION,
    "if (!isMarkedFor(organization, run.customer.declaration) || organization.status !== 'active') {",
    'if (false) {',
  ),
  mutant('a lost mark is no veto', 'I6', VETO, 'if (!isMarkedFor(organization, customer.declaration))', 'if (false)'),
  mutant(
    'a child of another parent is no veto',
    'I6',
    VETO,
    'if (!isChildOf(organization, parentOrganizationId))',
    'if (false)',
  ),
  mutant(
    'create on 404',
    'I2',
    IDENTIFICATION,
    "if (recordedId !== null && !recorded) return { kind: 'unlisted', organizationId: recordedId, namedBy: 'status' };",
    '',
  ),
  mutant(
    'an archived customer comes back by itself',
    'I5',
    IDENTIFICATION,
    'if (customer.declaration.incarnation > highest) return null;',
    'return null;',
  ),
  mutant(
    'two live organizations are one too many to notice',
    'I2',
    IDENTIFICATION,
    'if (only && second)',
    'if (false)',
  ),
  mutant('a namesake is no veto', 'I2', IDENTIFICATION, 'if (namesake)', 'if (false)'),
  mutant(
    'an unmarked organization is taken over',
    'I6',
    IDENTIFICATION,
    '  if (!marker)\n    return frozen(',
    '  if (false)\n    return frozen(',
  ),
  mutant(
    'another incarnation is taken for this one',
    'I6',
    IDENTIFICATION,
    '  if (marker.incarnation !== incarnation)\n    return frozen(',
    '  if (false)\n    return frozen(',
  ),
  {
    id: 'resume without our mark',
    breaks: 'I5',
    edits: [
      { file: STATE, search: 'if (isSuspended && isMarked)', replace: 'if (isSuspended)' },
      {
        file: 'src/engine/steps/state.ts',
        search: "if (fresh.value.metadata[organizationMark.suspended] !== '1')",
        replace: 'if (false)',
      },
    ],
  },
  mutant(
    'archive with reserved credits',
    'I5',
    'src/engine/steps/state.ts',
    'if (reservedCredits(fresh.value) > 0 && !approved)',
    'if (false)',
  ),
  mutant(
    'PATCH key from its content',
    'I5',
    'src/engine/patch.ts',
    'const idempotencyKey = chance.uuid();',
    'const idempotencyKey = pass.effects.nameUuid(JSON.stringify([organizationId, intent.body]));',
  ),
  mutant(
    'a PATCH counts without being read back',
    'I11',
    'src/engine/patch.ts',
    'if (run.organization && intent.shows(run.organization)) return lostMark(run, run.organization) ?? done();',
    "if (answer.outcome === 'ok') return done();",
  ),
  mutant(
    'a dry run that could write',
    'I5',
    'src/effects/layers/layers-client.ts',
    'return reads(createCaller(options), options);',
    'return createLayersClient(options);',
  ),
  mutant(
    'nothing in the journal, sent all the same',
    'I3',
    'src/engine/journalled.ts',
    'if (!intent.ok)',
    'if (false)',
  ),
  mutant(
    'Ready although the last read shows otherwise',
    'I11',
    'src/engine/apply-customer.ts',
    'return changedMeanwhile(customer, organization, notices);',
    'return null;',
  ),
];
