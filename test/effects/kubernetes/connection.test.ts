import { describe, expect, test } from 'vitest';
import { findConnection } from '../../../src/effects/kubernetes/find-connection.ts';

/** A disk of a few files, which may change. */
function diskOf(files: Record<string, string>) {
  const bytesOf = (path: string): Uint8Array => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('missing'), { code: 'ENOENT' });
    return new TextEncoder().encode(text);
  };
  return {
    readFile: bytesOf,
    stat: (path: string) => ({ kind: 'file' as const, size: bytesOf(path).length, mode: 0o100600, modifiedMs: 0 }),
  };
}

const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
const podFiles = { '/sa/token': 'token-1\n', '/sa/ca.crt': 'PEM', '/sa/namespace': 'layers\n' };

function find(
  files: Record<string, string>,
  environment: Record<string, string> = {},
  kubeconfig: string | null = null,
) {
  return findConnection({ kubeconfig, environment, fileSystem: diskOf(files), serviceAccountDirectory: '/sa' });
}

function connected(...args: Parameters<typeof find>) {
  const found = find(...args);
  if (!found.ok) throw new Error(found.message);
  return found.connection;
}

function refused(...args: Parameters<typeof find>): string {
  const found = find(...args);
  return found.ok ? 'it was accepted' : found.message;
}

function kubeconfig({ cluster = 'server: https://127.0.0.1:6443', user = 'token: abc', namespace = '' } = {}): string {
  return `apiVersion: v1
kind: Config
current-context: here
contexts: [{ name: here, context: { cluster: c, user: u${namespace && `, namespace: ${namespace}`} } }]
clusters: [{ name: c, cluster: { ${cluster} } }]
users: [{ name: u, user: { ${user} } }]
`;
}

describe('in a pod', () => {
  test('the service account says which server, whom to trust, who we are and where', () => {
    const { origin, tls, token, namespace } = connected(podFiles, pod);
    expect({ origin, ca: tls.ca, namespace }).toEqual({ origin: 'https://10.0.0.1', ca: 'PEM', namespace: 'layers' });
    expect(token()?.reveal()).toBe('token-1');
  });

  test('a token that the kubelet replaces is used from then on, and one that is away for a moment goes on', () => {
    const files: Record<string, string> = { ...podFiles };
    const { token } = connected(files, pod);
    files['/sa/token'] = 'token-2';
    expect(token()?.reveal()).toBe('token-2');
    delete files['/sa/token'];
    expect(token()?.reveal()).toBe('token-2');
    files['/sa/token'] = '';
    expect(token()?.reveal()).toBe('token-2');
  });

  test('an IPv6 server is put in brackets', () => {
    expect(connected(podFiles, { ...pod, KUBERNETES_SERVICE_HOST: 'fd00::1' }).origin).toBe('https://[fd00::1]');
  });

  test('a pod without a token is told to ask for one', () => {
    expect(refused({}, pod)).toContain('automountServiceAccountToken');
  });
});

describe('which cluster is meant', () => {
  const files = {
    ...podFiles,
    '/flag': kubeconfig({ namespace: 'flag' }),
    '/variable': kubeconfig({ namespace: 'variable' }),
    '/home/.kube/config': kubeconfig({ namespace: 'home' }),
  };
  test.each([
    ['--kubeconfig before all', { ...pod, KUBECONFIG: '/variable', HOME: '/home' }, '/flag', 'flag'],
    ['KUBECONFIG before the pod', { ...pod, KUBECONFIG: '/variable', HOME: '/home' }, null, 'variable'],
    ['the pod before the home directory', { ...pod, HOME: '/home' }, null, 'layers'],
    ['the home directory last', { HOME: '/home' }, null, 'home'],
  ])('%s', (_reason, environment, flag, namespace) => {
    expect(connected(files, environment, flag).namespace).toBe(namespace);
  });

  test('without any, a sentence says what to give', () => {
    expect(refused({})).toContain('--kubeconfig');
    expect(refused({}, { HOME: '/home' })).toContain('--kubeconfig');
  });

  test('of several files in KUBECONFIG the first that says something wins, and missing ones are skipped', () => {
    const contexts =
      'current-context: b\ncontexts: [{ name: b, context: { cluster: c, user: u, namespace: merged } }]\n';
    const found = connected({ '/a': contexts, '/b': kubeconfig() }, { KUBECONFIG: '/none:/a:/b' });
    expect(found).toMatchObject({ namespace: 'merged', origin: 'https://127.0.0.1:6443' });
  });
});

describe('a kubeconfig', () => {
  test('may name files, beside itself', () => {
    const cluster = 'server: https://k.example/k8s/clusters/c-1/, certificate-authority: ca.pem, tls-server-name: k';
    const user = 'client-certificate: pki/u.crt, client-key: /abs/u.key, tokenFile: token';
    const files = {
      '/etc/kube/config': kubeconfig({ cluster, user }),
      '/etc/kube/ca.pem': 'CA',
      '/etc/kube/pki/u.crt': 'CRT',
      '/abs/u.key': 'KEY',
      '/etc/kube/token': 'secret-token\n',
    };
    const { tls, token, basePath, origin } = connected(files, {}, '/etc/kube/config');
    expect({ basePath, origin }).toEqual({ basePath: '/k8s/clusters/c-1', origin: 'https://k.example' });
    expect({ ca: tls.ca, serverName: tls.serverName, certificate: tls.client?.certificate }).toEqual({
      ca: 'CA',
      serverName: 'k',
      certificate: 'CRT',
    });
    expect(tls.client?.key.reveal()).toBe('KEY');
    expect(token()?.reveal()).toBe('secret-token');
  });

  test('may carry them itself, which wins over files', () => {
    const cluster = `server: https://k.example, certificate-authority: gone.pem, certificate-authority-data: ${btoa('CA')}`;
    const { tls } = connected({ '/k': kubeconfig({ cluster }) }, {}, '/k');
    expect(tls.ca).toBe('CA');
  });

  test('of kubectl proxy needs no user', () => {
    const text =
      'current-context: p\ncontexts: [{ name: p, context: { cluster: c } }]\nclusters: [{ name: c, cluster: { server: "http://127.0.0.1:8001" } }]\n';
    expect(connected({ '/k': text }, {}, '/k').token()).toBeNull();
  });

  test.each([
    ['an exec plugin', { user: 'exec: { command: aws }' }, 'kubectl proxy'],
    ['an auth provider', { user: 'auth-provider: { name: gcp }' }, 'kubectl proxy'],
    ['a password', { user: 'username: ada, password: hunter2' }, 'client certificate'],
    [
      'a server that nobody checks',
      { cluster: 'server: https://k, insecure-skip-tls-verify: true' },
      'whoever answers',
    ],
    ['http to another machine', { cluster: 'server: http://k.example' }, 'https://'],
    ['a password in the URL', { cluster: 'server: "https://ada:hunter2@k.example"' }, 'password'],
    ['a proxy', { cluster: 'server: https://k, proxy-url: http://p' }, 'kubectl proxy'],
    ['no server', { cluster: 'certificate-authority: x' }, 'no server'],
    ['a certificate without its key', { user: `client-certificate-data: ${btoa('CRT')}` }, 'belong together'],
    ['a file that is missing', { user: 'tokenFile: nowhere' }, '/nowhere cannot be read'],
  ])('with %s is refused with a way out', (_reason, parts, message) => {
    const refusal = refused({ '/k': kubeconfig(parts) }, {}, '/k');
    expect(refusal).toContain(message);
    expect(refusal).not.toContain('hunter2');
  });

  test.each([
    ['not YAML', ': : [', 'not valid YAML'],
    ['a list', '[]', 'not a kubeconfig'],
    ['without a context', 'clusters: []', 'no current-context'],
    ['of a context that is not there', 'current-context: x', 'no context "x"'],
    [
      'of a cluster that is not there',
      'current-context: x\ncontexts: [{ name: x, context: { cluster: c } }]',
      'a cluster',
    ],
    ['with a token that is no text', 'users: [{ name: u, user: { token: [hunter2] } }]', 'users.0.user.token'],
  ])('that is %s is refused, and never quoted', (_reason, text, message) => {
    const refusal = refused({ '/k': text }, {}, '/k');
    expect(refusal).toContain(message);
    expect(refusal).not.toContain('hunter2');
  });
});
