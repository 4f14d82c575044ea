import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { sandbox } from '../../../src/cli/commands/sandbox.ts';
import { fakeContext } from '../support/context.ts';
import { workspace } from '../support/workspace.ts';

const options = { host: '127.0.0.1', port: 0, dataDirectory: null };

describe('reconcile sandbox', () => {
  it('prints lines to paste, serves, logs and ends when it is told to', async () => {
    const context = fakeContext();
    const directory = workspace();
    const ended = sandbox({ ...options, directory }, context);
    await vi.waitUntil(() => context.printed.out !== '');
    const lines = context.printed.out.trimEnd().split('\n');
    expect(lines.every((line) => /^(#|export [A-Z_]+=\S+$)/.test(line))).toBe(true);
    const value = (name: string) => lines.find((line) => line.startsWith(`export ${name}=`))?.split('=')[1] ?? '';

    const dispatcher = new Agent();
    onTestFinished(() => dispatcher.close());
    const headers = { authorization: `Bearer ${value('LAYERS_API_KEY')}` };
    const answer = await request(`${value('LAYERS_BASE_URL')}/v1/whoami`, { dispatcher, headers });
    await answer.body.dump();
    expect(answer.statusCode).toBe(200);
    expect(context.printed.err).toBe('GET /v1/whoami 200\n');

    context.abort();
    expect(await ended).toBe(0);
    expect(existsSync(join(directory, '.reconcile/sandbox/state.json'))).toBe(true);
    expect(existsSync(join(directory, '.reconcile/.gitignore'))).toBe(true);
  });

  it('says that the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await vi.waitUntil(() => server.listening);
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const context = fakeContext();
    expect(await sandbox({ ...options, port, directory: workspace() }, context)).toBe(1);
    expect(context.printed.err).toContain(`port ${port} is taken`);
  });

  it('says that its state is damaged', async () => {
    const directory = workspace({ 'data/state.json': '{' });
    const context = fakeContext();
    expect(await sandbox({ ...options, directory, dataDirectory: join(directory, 'data') }, context)).toBe(1);
    expect(context.printed.err).toContain('Delete the file');
  });
});
