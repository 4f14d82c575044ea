import { describe, expect, it } from 'vitest';
import { counted, customer, grant, metricsAt, mint, problem, samples, step } from './support.ts';

function fleet(...declared: string[]) {
  const time = { ms: 1_000_000 };
  const metrics = metricsAt(time);
  metrics.noteLeading(true);
  metrics.fleet.noteDeclared(declared, [], 0);
  return { metrics, time };
}

describe('the fleet', () => {
  it('is counted by phase, with those nobody visited yet and the files that cannot be used', async () => {
    const { metrics } = fleet('acme', 'bolt', 'corn');
    metrics.fleet.noteCustomer(customer());
    metrics.fleet.noteCustomer(customer({ externalId: 'bolt', phase: 'Stalled' }));
    metrics.fleet.noteDeclared([], [], 2);
    expect(await counted(metrics, 'customers')).toEqual([
      '{state="Ready"} 1',
      '{state="Stalled"} 1',
      '{state="Unknown"} 1',
      '{state="Frozen"} 2',
    ]);
    metrics.fleet.noteDeclared([], ['corn'], 0);
    expect(await counted(metrics, 'customers')).toEqual(['{state="Ready"} 1', '{state="Stalled"} 1']);
  });

  it('is counted by condition, a code once per customer', async () => {
    const { metrics } = fleet('acme', 'bolt', 'corn');
    const keys = [problem('UndeclaredKey', 'warning'), problem('UndeclaredKey', 'warning')];
    metrics.fleet.noteCustomer(customer({ problems: keys }));
    metrics.fleet.noteCustomer(customer({ externalId: 'bolt', phase: 'Stalled', problems: [problem('OrgMissing')] }));
    metrics.fleet.noteWebhooks([], [problem('WebhookAutoPaused', 'warning')]);
    expect(await counted(metrics, 'condition')).toEqual([
      '{type="Ready",status="True"} 1',
      '{type="Ready",status="False"} 1',
      '{type="Ready",status="Unknown"} 1',
      '{type="UndeclaredKey",status="True"} 1',
      '{type="OrgMissing",status="True"} 1',
      '{type="WebhookAutoPaused",status="True"} 1',
    ]);
  });

  it('has no more conditions than a scrape can bear, whatever they are called', async () => {
    const { metrics } = fleet('acme');
    const codes = Array.from(
      { length: 300 },
      (_, index) => `Code${String.fromCharCode(65 + (index % 26), 65 + Math.floor(index / 26))}`,
    );
    metrics.fleet.noteCustomer(customer({ problems: [...codes, 'with "quotes"\n'].map((code) => problem(code)) }));
    const types = await counted(metrics, 'condition');
    expect(types.length).toBeLessThan(140);
    expect(types.some((line) => line.startsWith('{type="Other"'))).toBe(true);
  });

  it('was compared with the API when the last of its customers was, the new ones counted from their declaration', async () => {
    const { metrics, time } = fleet('acme', 'bolt');
    expect(await samples(metrics, 'last_sync_timestamp_seconds')).toEqual(['1000']);
    time.ms = 1_600_000;
    metrics.fleet.noteCustomer(customer());
    expect(await samples(metrics, 'last_sync_timestamp_seconds')).toEqual(['1000']);
    time.ms = 1_700_000;
    metrics.fleet.noteCustomer(customer({ externalId: 'bolt' }));
    expect(await samples(metrics, 'last_sync_timestamp_seconds')).toEqual(['1600']);
  });

  it('shows drift until the visit after the one that put it right', async () => {
    const { metrics } = fleet('acme');
    metrics.fleet.noteCustomer(customer({ steps: [step({ resource: 'credit-config', drift: true })] }));
    expect(await counted(metrics, 'drift_detected')).toEqual(['{kind="credit-config"} 1']);
    metrics.fleet.noteCustomer(customer());
    expect(await counted(metrics, 'drift_detected')).toEqual([]);
  });

  it('is not told by a standby, which visits nobody', async () => {
    const { metrics } = fleet('acme');
    metrics.fleet.noteCustomer(customer());
    metrics.noteLeading(false);
    for (const name of ['customers', 'condition', 'last_sync_timestamp_seconds'])
      expect(await samples(metrics, name)).toEqual([]);
    expect(await samples(metrics, 'leader_election_master_status')).toEqual(['{name="workspace"} 0']);
  });

  it('shows neither wallet nor orphans before they were read', async () => {
    const { metrics } = fleet('acme');
    expect(await samples(metrics, 'parent_wallet_balance_credits')).toEqual([]);
    expect(await samples(metrics, 'orphans')).toEqual([]);
    metrics.fleet.noteParentWallet(995_000);
    metrics.fleet.noteOrphans(0);
    expect(await samples(metrics, 'parent_wallet_balance_credits')).toEqual(['995000']);
    expect(await samples(metrics, 'orphans')).toEqual(['0']);
  });
});

describe('money and secrets', () => {
  it('are counted when they were carried out, and only then', async () => {
    const { metrics } = fleet('acme');
    metrics.fleet.noteCustomer(customer({ steps: [grant('failed'), mint('not-started')] }));
    expect(await samples(metrics, 'credits_granted_total')).toEqual(['0']);
    metrics.fleet.noteCustomer(customer({ steps: [grant('done'), mint('done')] }));
    metrics.fleet.noteCustomer(customer());
    expect(await samples(metrics, 'credits_granted_total')).toEqual(['3000']);
    expect(await samples(metrics, 'keys_minted_total')).toEqual(['1']);
  });

  it('stay in doubt through visits that could not look, and until the ledger shows the grant', async () => {
    const { metrics } = fleet('acme');
    metrics.fleet.noteCustomer(customer({ phase: 'Held', steps: [grant('in-doubt')] }));
    expect(await samples(metrics, 'uncertain_steps')).toEqual(['1']);
    expect(await samples(metrics, 'credits_unproven')).toEqual(['3000']);
    metrics.fleet.noteCustomer(customer({ phase: 'Held', problems: [problem('ApiUnavailable', 'held')] }));
    expect(await samples(metrics, 'credits_unproven')).toEqual(['3000']);
    metrics.fleet.noteCustomer(
      customer({
        phase: 'Held',
        problems: [problem('KeyOverlap', 'waiting')],
        credits: { declared: 8_000, granted: 8_000 },
      }),
    );
    expect(await samples(metrics, 'uncertain_steps')).toEqual(['0']);
    expect(await samples(metrics, 'credits_unproven')).toEqual(['0']);
  });

  it('stay in doubt when the file is taken away', async () => {
    const { metrics } = fleet('acme');
    metrics.fleet.noteCustomer(customer({ phase: 'Held', steps: [grant('in-doubt')] }));
    metrics.fleet.noteDeclared([], ['acme'], 0);
    expect(await samples(metrics, 'credits_unproven')).toEqual(['3000']);
    expect(await counted(metrics, 'customers')).toEqual([]);
    metrics.fleet.noteDeclared(['acme'], [], 0);
    metrics.fleet.noteCustomer(customer({ steps: [grant('done')] }));
    expect(await samples(metrics, 'credits_unproven')).toEqual(['0']);
  });

  it('wait for their store until they are in it, whatever keeps them out', async () => {
    const { metrics } = fleet('acme');
    metrics.fleet.noteCustomer(
      customer({ phase: 'Held', steps: [mint('in-doubt')], problems: [problem('SecretNotStored', 'doubt')] }),
    );
    expect(await samples(metrics, 'secret_escrow_pending')).toEqual(['1']);
    metrics.fleet.noteCustomer(
      customer({ phase: 'Stalled', steps: [mint('failed')], problems: [problem('SecretStoreUnavailable')] }),
    );
    expect(await samples(metrics, 'secret_escrow_pending')).toEqual(['1']);
    metrics.fleet.noteCustomer(customer({ steps: [mint('done')] }));
    expect(await samples(metrics, 'secret_escrow_pending')).toEqual(['0']);
  });

  it('are lost when no store holds a secret that cannot be shown again, which is said apart', async () => {
    const { metrics } = fleet('acme');
    metrics.fleet.noteCustomer(
      customer({ phase: 'Held', steps: [mint('in-doubt')], problems: [problem('SecretNotStored', 'doubt')] }),
    );
    metrics.fleet.noteCustomer(customer({ phase: 'Stalled', problems: [problem('SecretMissing')] }));
    expect(await samples(metrics, 'keys_without_secret')).toEqual(['1']);
    expect(await samples(metrics, 'secret_escrow_pending')).toEqual(['0']);
  });
});

describe('guards', () => {
  it('count a step once when they begin to hold it back, not at each visit', async () => {
    const { metrics } = fleet('acme');
    const blocked = customer({ phase: 'Stalled', steps: [step({ blockedBy: 'maxGrant', outcome: 'blocked' })] });
    metrics.fleet.noteCustomer(blocked);
    metrics.fleet.noteCustomer(blocked);
    expect(await counted(metrics, 'guard_blocked_total')).toEqual(['{guard="maxGrant"} 1']);
    expect(await samples(metrics, 'plan_pending_approval')).toEqual(['1']);
    metrics.fleet.noteCustomer(customer());
    expect(await samples(metrics, 'plan_pending_approval')).toEqual(['0']);
    metrics.fleet.noteCustomer(blocked);
    expect(await counted(metrics, 'guard_blocked_total')).toEqual(['{guard="maxGrant"} 2']);
  });

  it('wait for an approval only where one helps', async () => {
    const { metrics } = fleet('acme', 'bolt');
    metrics.fleet.noteCustomer(customer({ steps: [step({ blockedBy: 'freeze', outcome: 'blocked' })] }));
    const wallet = step({ blockedBy: 'a parent wallet that cannot be read', outcome: 'blocked' });
    metrics.fleet.noteCustomer(customer({ externalId: 'bolt', steps: [wallet] }));
    expect(await samples(metrics, 'plan_pending_approval')).toEqual(['0']);
    expect(await counted(metrics, 'guard_blocked_total')).toEqual(['{guard="freeze"} 1', '{guard="other"} 1']);
    const foreign = step({ resource: 'webhook', blockedBy: 'allowedWebhookHosts', outcome: 'blocked' });
    metrics.fleet.noteWebhooks([foreign], []);
    expect(await samples(metrics, 'plan_pending_approval')).toEqual(['1']);
  });
});
