import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mountWarnings, pinnedMounts } from '../../src/daemon/mounts.ts';

const pod = '/var/lib/kubelet/pods/4f0/volumes/kubernetes.io~configmap/fleet';

/** Lines as the kubelet makes them, with what is to be said about them. */
test.each([
  {
    reason: 'a whole ConfigMap',
    line: `812 790 254:1 ${pod} /fleet/customers ro,relatime - ext4 /dev/vda1 rw`,
    warned: [],
  },
  {
    reason: 'one file of a ConfigMap by subPath',
    line: `813 790 254:1 ${pod}/..2026_11_02_08_00_00.123/reconcile.yaml /fleet/reconcile.yaml ro - ext4 /dev/vda1 rw`,
    warned: ['/fleet/reconcile.yaml'],
  },
  {
    reason: 'a directory of a ConfigMap by subPath',
    line: `814 790 254:1 ${pod}/..2026_11_02_08_00_00.123/eu /fleet/customers/eu ro - ext4 /dev/vda1 rw`,
    warned: ['/fleet/customers/eu'],
  },
  {
    reason: 'a single file bound into a container, with a space in its name',
    line: '815 790 8:1 /home/me/acme.yaml /fleet/customers/acme\\040coffee.yaml rw - ext4 /dev/sda1 rw',
    warned: ['/fleet/customers/acme coffee.yaml'],
  },
  {
    reason: 'a mount elsewhere',
    line: `816 790 254:1 ${pod}/..2026_11_02_08_00_00.123/x /fleet/customers-of-others ro - ext4 /dev/vda1 rw`,
    warned: [],
  },
  { reason: 'a line that is none', line: 'nonsense', warned: [] },
])('a mount that never changes is named: $reason', ({ line, warned }) => {
  const isSingleFile = (path: string) => path.endsWith('.yaml');
  expect(pinnedMounts(`${line}\n`, '/fleet', isSingleFile).map(({ path }) => path)).toEqual(warned);
});

test('a workspace that is a link is told that its secrets would stay behind; one with linked customers is fine', () => {
  const at = mkdtempSync(join(tmpdir(), 'reconcile-mounts-'));
  try {
    mkdirSync(join(at, '.worktrees/abc/customers'), { recursive: true });
    symlinkSync('.worktrees/abc', join(at, 'current'));
    symlinkSync('current/customers', join(at, 'customers'));
    expect(mountWarnings(join(at, 'current'))).toMatchObject([{ why: expect.stringContaining('file secrets') }]);
    expect(mountWarnings(at)).toEqual([]);
    expect(mountWarnings(join(at, 'missing'))).toEqual([]);
  } finally {
    rmSync(at, { recursive: true });
  }
});
