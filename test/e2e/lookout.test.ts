import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { createLeakScanner } from '../support/oracle-leaks.ts';
import { hasPromtool, promtool } from '../support/promtool.ts';
import { ACME, FIREHOSE, openWorkspace } from './support.ts';

function ask(port: string, path: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('a daemon shows what it did, to everybody on this machine, and no secret and no customer in it', async () => {
  const workspace = await openWorkspace();
  onTestFinished(() => workspace.close());
  workspace.write('reconcile.yaml', `${workspace.read('reconcile.yaml')}${FIREHOSE}`);
  workspace.write('customers/acme-coffee.yaml', ACME);
  const daemon = workspace.watch('--listen', '127.0.0.1:0');
  const port = (await daemon.shows(/"port":(\d+),"msg":"probes and metrics listening"/))[1] ?? '';
  await daemon.shows(/"customer":"acme-coffee","phase":"Ready"/);
  for (const path of ['/livez', '/healthz', '/readyz'])
    expect(await ask(port, path)).toEqual({ status: 200, body: 'ok\n' });

  const { status, body } = await ask(port, '/metrics');
  expect(status).toBe(200);
  expect(body).toContain('layers_reconciler_customers{state="Ready"} 1');
  expect(body).toContain('layers_reconciler_credits_granted_total 5000');
  expect(body).toContain('layers_reconciler_keys_minted_total 1');
  expect(body).toContain('layers_reconciler_leader_election_master_status{name="layers-reconciler"} 1');
  expect(body).toMatch(/^layers_reconciler_api_requests_total\{operation="organizations.create",code="201"\} 1$/m);
  expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
  if (hasPromtool) expect(promtool(['check', 'metrics'], body)).toEqual({ ok: true, said: '' });

  expect(body).not.toMatch(/acme|org_|key_|lp_live|whsec/i);
  const leaks = createLeakScanner();
  leaks.add(workspace.sandbox.environment['LAYERS_API_KEY'] ?? '');
  expect(leaks.leaksIn(body)).toBe(false);
  expect((await daemon.stop()).exitCode).toBe(0);
}, 60_000);

test('a daemon whose address is taken says so and what to do, and has written nothing: exit 1', async () => {
  const workspace = await openWorkspace();
  onTestFinished(() => workspace.close());
  workspace.write('customers/acme-coffee.yaml', ACME);
  const sandboxPort = /:(\d+)$/.exec(workspace.sandbox.environment['LAYERS_BASE_URL'] ?? '')?.[1] ?? '';
  const { exitCode, stderr } = await workspace.watch('--listen', `127.0.0.1:${sandboxPort}`).finished;
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^error: Probes and metrics cannot listen on 127\\.0\\.0\\.1:${sandboxPort}: another process does`, 'm'),
  );
  expect(stderr).toContain('`--listen off`');
  expect(await workspace.operations()).toEqual([]);
}, 60_000);
