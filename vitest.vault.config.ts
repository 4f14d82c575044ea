import { defineConfig } from 'vitest/config';

/** `npm run test:vault`: the store `vault` against the real core of Vault. */
export default defineConfig({
  test: {
    include: ['test/vault/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    reporters: ['verbose'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
