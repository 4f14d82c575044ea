import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { vault } from './parts.ts';

export interface VaultServer {
  readonly address: string;
  /** Of root. */
  readonly token: string;
  /** As root; throws on anything but a success. */
  ask(method: Method, path: string, body?: unknown): Promise<unknown>;
  /** In memory: its data goes with it. */
  stop(): void;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

const greeting = z.object({ address: z.string(), token: z.string(), unsealKey: z.string() });

/** A core of Vault in a process of its own, unsealed, with nothing mounted. */
export async function startVaultServer(): Promise<VaultServer> {
  const child = spawn(vault.path, { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines), failed(child)]);
  const { address, token } = greeting.parse(JSON.parse(line));
  // Not the dispatcher of all tests, which lets nothing out.
  const dispatcher = new Agent();
  return {
    address,
    token,
    async ask(method, path, body) {
      const response = await request(`${address}/v1/${path}`, {
        method,
        dispatcher,
        headers: { 'x-vault-token': token, 'x-vault-request': 'true' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.body.text();
      if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
      return text === '' ? null : JSON.parse(text);
    },
    stop: () => void child.kill(),
  };
}

function once(lines: ReturnType<typeof createInterface>): Promise<[string]> {
  return new Promise((resolve) => lines.once('line', (line) => resolve([line])));
}

function failed(child: ReturnType<typeof spawn>): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Vault ended with ${code} before it listened`)));
  });
}
