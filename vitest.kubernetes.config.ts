import { defineConfig } from 'vitest/config';

/** `npm run test:kubernetes`: what we do in a cluster, against a real API server and etcd. */
export default defineConfig({
  test: {
    include: ['test/kubernetes/**/*.test.ts'],
    globalSetup: ['test/support/build.ts', 'test/kubernetes/support/cluster.ts'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    reporters: ['verbose'],
    // Real processes, and leases that really run out.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
