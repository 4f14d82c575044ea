import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need a real API server: npm run test:kubernetes.
    exclude: ['test/kubernetes/**'],
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    testTimeout: 20_000,
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
