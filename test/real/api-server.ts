import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { apiServer, etcd } from './parts.ts';

/** A Kubernetes API server of our own, with its etcd, on free ports of this machine; nothing of it outlives {@link stop}. */
export interface ApiServer {
  /** https://127.0.0.1:<port> */
  readonly url: string;
  /** PEM of who signed its certificate. */
  readonly ca: string;
  /** Of somebody who may do everything. */
  readonly adminToken: string;
  /** Of somebody whom no role allows anything. */
  readonly nobodyToken: string;
  /** A kubeconfig file for the administrator. */
  readonly kubeconfig: string;
  /** Stops the process of etcd or lets it go on: meanwhile reads of the cache answer, and writes hang. */
  pauseStore(): void;
  resumeStore(): void;
  /** Ends the API server at once; what it stored stays. */
  kill(): Promise<void>;
  /** At the same address, with the same certificate. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 60_000;

export async function startApiServer(): Promise<ApiServer> {
  const home = mkdtempSync(join(tmpdir(), 'reconcile-kubernetes-'));
  const [clientPort, peerPort, port] = await freePorts(3);
  const [adminToken, nobodyToken] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  writeFileSync(
    join(home, 'tokens.csv'),
    `${adminToken},admin,admin,"system:masters"\n${nobodyToken},nobody,nobody,"strangers"\n`,
    { mode: 0o600 },
  );
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(home, 'service-accounts.pem'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
    mode: 0o600,
  });
  const [clients, peers] = [`http://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  const store = run(etcd.path, [
    `--data-dir=${join(home, 'etcd')}`,
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
    '--unsafe-no-fsync',
  ]);
  const certificates = join(home, 'certificates');
  mkdirSync(certificates);
  const flags = [
    `--etcd-servers=${clients}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${certificates}`,
    `--token-auth-file=${join(home, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    `--service-account-key-file=${join(home, 'service-accounts.pem')}`,
    `--service-account-signing-key-file=${join(home, 'service-accounts.pem')}`,
    '--service-account-issuer=https://kubernetes.test',
    '--api-audiences=https://kubernetes.test',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--endpoint-reconciler-type=none',
    // Pods are not run here, so nobody makes the service accounts that this plugin waits for.
    '--disable-admission-plugins=ServiceAccount',
  ];
  let server = run(apiServer.path, flags);
  const url = `https://127.0.0.1:${port}`;
  const stop = async () => {
    for (const program of [server, store]) await program.stop();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const ready = () => untilReady(url, join(certificates, 'apiserver.crt'), adminToken, [server, store]);
    const ca = await ready();
    const kubeconfig = join(home, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf(url, ca, adminToken), { mode: 0o600 });
    return {
      url,
      ca,
      adminToken,
      nobodyToken,
      kubeconfig,
      stop,
      pauseStore: () => void store.child.kill('SIGSTOP'),
      resumeStore: () => void store.child.kill('SIGCONT'),
      kill: () => server.stop(),
      startAgain: async () => {
        server = run(apiServer.path, flags);
        await ready();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** As a user of this token reaches this server. */
function kubeconfigOf(url: string, ca: string, token: string): string {
  return `apiVersion: v1
kind: Config
current-context: test
contexts: [{ name: test, context: { cluster: test, user: test } }]
clusters: [{ name: test, cluster: { server: ${url}, certificate-authority-data: ${Buffer.from(ca).toString('base64')} } }]
users: [{ name: test, user: { token: ${token} } }]
`;
}

interface Program {
  readonly child: ChildProcess;
  /** The end of what it said. */
  said(): string;
  stop(): Promise<void>;
}

function run(path: string, args: readonly string[]): Program {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-8_000);
    });
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said += error.message;
      resolve();
    });
    child.once('close', () => resolve());
  });
  // A test run that is killed must not leave servers behind.
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    child,
    said: () => said,
    stop: async () => {
      process.removeListener('exit', kill);
      kill();
      await ended;
    },
  };
}

/** The CA, once the server answers that it is ready. */
async function untilReady(
  url: string,
  certificate: string,
  token: string,
  programs: readonly Program[],
): Promise<string> {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  let why = 'nothing answered';
  while (!deadline.aborted) {
    for (const program of programs)
      if (program.child.exitCode !== null || program.child.signalCode !== null)
        throw new Error(`${program.child.spawnfile} ended:\n${program.said()}`);
    try {
      const ca = readFileSync(certificate, 'utf8');
      const pool = new Pool(url, { connect: { ca } });
      try {
        const headers = { authorization: `Bearer ${token}` };
        const { statusCode, body } = await pool.request({ path: '/readyz', method: 'GET', headers, signal: deadline });
        why = await body.text();
        if (statusCode === 200) return ca;
      } finally {
        await pool.destroy();
      }
    } catch (error) {
      why = String(error);
    }
    await sleep(100);
  }
  throw new Error(
    `The API server was not ready within ${PATIENCE_MS / 1_000} s: ${why}\n${programs.map((program) => program.said()).join('\n')}`,
  );
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The system gave no port.');
    ports.push(address.port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
