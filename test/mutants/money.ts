import { type Mutant, mutant } from './mutant.ts';

const GRANT = 'src/engine/steps/credits.ts';
const DECISION = 'src/core/resources/credits.ts';
const LEDGER = 'src/core/ledger.ts';
const ORDER = 'src/engine/apply-customer.ts';
const PASS = 'src/engine/pass.ts';
const ALLOCATE_KEY = 'pass.keys.allocate(externalId, incarnation, grant.slot)';

/** Mistakes that pay twice, pay the wrong one, or pay what nobody may. */
export const moneyMutants: readonly Mutant[] = [
  mutant(
    'grant key from the target',
    'I1',
    GRANT,
    ALLOCATE_KEY,
    'pass.keys.allocate(externalId, incarnation, grant.cum)',
  ),
  mutant('random grant key', 'I1', GRANT, ALLOCATE_KEY, 'pass.effects.chance.uuid()'),
  mutant(
    'no ledger read before a grant',
    'I1',
    GRANT,
    'const decision = await decideFromLedgers(run);\n    if',
    "const granted = run.credits?.granted ?? 0;\n    const decision = { kind: 'grant', slot: run.credits?.slots ?? 0, base: granted, delta: step.credits, cum: granted + step.credits };\n    if",
  ),
  mutant(
    'no ledger read after a grant',
    'I11',
    GRANT,
    "if (answer.outcome === 'ok') return confirm(run, decision, answer.value);",
    "if (answer.outcome === 'ok') return settled(run);",
  ),
  mutant('no contiguity check', 'I9', LEDGER, 'if (gap) return broken(gap);', ''),
  mutant(
    'a row with another amount than its mark',
    'I9',
    LEDGER,
    "(event.credits === marker.delta ? null : 'its amount is not the marked one')",
    'null',
  ),
  mutant(
    'a mark of another organization',
    'I6',
    LEDGER,
    'if (marker.organizationId !== null && marker.organizationId !== owner.organizationId)',
    'if (false)',
  ),
  mutant(
    'no second witness',
    'I1',
    GRANT,
    'parent = witnessOnParentLedger(events.value, run.customer.declaration);',
    'parent = null;',
  ),
  mutant(
    'no high-water mark from status',
    'I1',
    DECISION,
    'Math.max(facts.recorded?.slots ?? 0, facts.parent?.slots ?? 0)',
    'facts.parent?.slots ?? 0',
  ),
  mutant(
    'status says what was granted',
    'I7',
    DECISION,
    'const delta = declared - ledger.granted;',
    'const delta = declared - (facts.recorded?.granted ?? ledger.granted);',
  ),
  mutant(
    'foreign credits count as granted',
    'I1',
    LEDGER,
    'granted: chain[0]?.cum ?? owner.baseline,',
    'granted: (chain[0]?.cum ?? owner.baseline) + sum(unmarked.map((event) => event.credits)),',
  ),
  {
    id: 'the balance instead of the ledger',
    breaks: 'I1',
    edits: [
      {
        file: 'src/core/plan-customer.ts',
        search: '{ ledger: ledger.view, recorded, parent: null',
        replace: '{ ledger: { ...ledger.view, granted: organization.summary.balance }, recorded, parent: null',
      },
      {
        file: GRANT,
        search: '{ ledger: view, recorded: highWater, parent, annotationsSeen, stillRemembered }',
        replace:
          '{ ledger: { ...view, granted: run.organization?.summary.balance ?? 0 }, recorded: highWater, parent, annotationsSeen, stillRemembered }',
      },
    ],
  },
  mutant(
    'a later slot after a doubt',
    'I1',
    GRANT,
    'await send(run, decision, fence)',
    'await send(run, { ...decision, slot: decision.slot + attempt }, fence)',
  ),
  mutant(
    'the answered amount is not checked',
    'I1',
    GRANT,
    'if (transfer.allocated !== grant.delta) {',
    'if (false) {',
  ),
  mutant(
    'the wallet is not looked at first',
    'I1',
    GRANT,
    'if (wallet.value.prepaidBalance >= grant.delta) return null;',
    'return null;',
  ),
  mutant('more than the guards judged', 'I8', GRANT, 'if (decision.delta > step.credits)', 'if (false)'),
  mutant(
    'the fence lets everything through',
    'I1',
    GRANT,
    'if (elapsed.some((ms) => ms < 0 || ms > INTENT_LIFE_MS))',
    'if (false)',
  ),
  mutant('the fence is not asked', 'I1', 'src/effects/layers/lazy-body.ts', 'fence?.();', ''),
  mutant(
    'the declaration is not read again',
    "I1'",
    'src/engine/customer-run.ts',
    "if ((await source.reread(run.customer, run.pass.workspace)) === 'same') return null;",
    'return null;',
  ),
  mutant(
    'bare rows are not ours',
    'I1',
    DECISION,
    'if (ledger.slots === 0 && ledger.bare.length > 0 && !mayRepeat)',
    'if (false)',
  ),
  mutant('refill before the grant', 'I10', ORDER, 'if (enablesRefill && !run.creditsSettled)', 'if (false)'),
  mutant('key before the cap', 'I10', ORDER, 'if (makesKey && capIsMissing)', 'if (false)'),
  mutant(
    'guards count only the named customers',
    'I8',
    PASS,
    'guardFleet(pass, trusted.map(countedCustomer), webhooks, {',
    'guardFleet(pass, trusted.map((one) => countedCustomer(isSelected(one.customer) ? one : { ...one, planned: { ...one.planned, steps: [] } })), webhooks, {',
  ),
  mutant(
    'an approval ends the freeze',
    'I8',
    'src/core/guard.ts',
    "step.blockedBy === 'freeze' ? step : { ...step, blockedBy: null }",
    '({ ...step, blockedBy: null })',
  ),
  mutant(
    'a status that covers is trusted with writes',
    'I7',
    'src/engine/observe.ts',
    'if (byStatus.planned.steps.length === 0) return byStatus;',
    'return byStatus;',
  ),
  mutant(
    'the binding is not looked at',
    'I6',
    'src/engine/prepare.ts',
    'options.bindingRequired ? refuseUnbound(workspace, whoami.value) : null',
    'null',
  ),
  mutant(
    'what the server writes counts as a mark',
    'I1',
    LEDGER,
    '.some((member) => !SERVER_MEMBERS.has(member))',
    '.length > 0',
  ),
  mutant('a limit that the file no longer declares', 'I8', 'src/engine/patch.ts', 'if (changed) return changed;', ''),
];
