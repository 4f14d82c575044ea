import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // They need a real API server, Vault and containers: npm run test:kubernetes, test:vault, test:image.
    exclude: ['test/kubernetes/**', 'test/vault/**', 'test/image/**'],
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    testTimeout: 20_000,
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
