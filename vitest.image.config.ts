import { defineConfig } from 'vitest/config';

/** `npm run test:image`: the Dockerfile, built and run as an operator would. */
export default defineConfig({
  test: {
    include: ['test/image/**/*.test.ts'],
    globalSetup: ['test/image/support/image.ts'],
    setupFiles: ['test/setup.ts'],
    reporters: ['verbose'],
    // Real containers, one after the other.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
