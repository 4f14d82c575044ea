import { expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { createKeyring } from '../../../src/effects/layers/keyring.ts';
import { createLayersClient } from '../../../src/effects/layers/layers-client.ts';
import { bind } from '../../../src/engine/prepare.ts';
import { createWorld, type World } from '../../support/world.ts';

/** A daemon's client beside a key file that somebody may replace. */
async function opened() {
  const world = createWorld();
  const file = { key: world.sandbox.parent().token };
  const sent: string[] = [];
  const keyring = createKeyring(() => new Secret(file.key));
  const client = createLayersClient({
    transport: {
      async send(request) {
        sent.push(`${request.path.split('?')[0]} ${request.headers['Authorization']?.slice('Bearer '.length)}`);
        return { kind: 'failure', certainty: 'nothing-sent', code: 'NETWORK', message: 'not for this test' };
      },
    },
    token: keyring.keyFor,
    clock: world.clock,
    chance: world.effects().chance,
  });
  return { world, file, sent, keyring, client };
}

const workspaceOf = async (world: World) => {
  const loaded = await world.effects().source.loadWorkspace();
  if (!loaded.ok) throw new Error('the workspace is not valid');
  return loaded.workspace;
};

it('a key that replaces another in its file carries nothing before whoami was asked and accepted (I6, P3)', async () => {
  const { file, sent, keyring, client } = await opened();
  const first = file.key;
  await client.whoami();
  keyring.accept();
  file.key = 'lp_live_AAAAAAAAAAAAAAAA_of-another-parent';
  sent.splice(0);
  await client.suspendOrganization('org_1');
  await client.whoami();
  await client.resumeOrganization('org_1');
  keyring.accept();
  await client.archiveOrganization('org_1');
  expect([...new Set(sent)]).toEqual([
    `/v1/organizations/org_1/suspend ${first}`,
    `/v1/whoami ${file.key}`,
    `/v1/organizations/org_1/resume ${first}`,
    `/v1/organizations/org_1 ${file.key}`,
  ]);
});

it('a key is accepted when whoami answers for the bound parent and key, and only then', async () => {
  const { world } = await opened();
  const accepted: string[] = [];
  const options = { bindingRequired: true, signal: new AbortController().signal };
  const effects = { ...world.effects(), acceptKey: () => accepted.push('yes') };
  const workspace = await workspaceOf(world);
  const other = { ...workspace, declaration: { ...workspace.declaration, apiKeyId: 'key_another' } };
  expect(await bind(effects, other, options)).toMatchObject({ ok: false, refusal: { code: 'WrongApiKey' } });
  expect(accepted).toEqual([]);
  expect(await bind(effects, workspace, options)).toMatchObject({ ok: true });
  expect(accepted).toEqual(['yes']);
});
