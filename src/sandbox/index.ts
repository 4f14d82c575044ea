/**
 * The sandbox: the control plane of the Layers API as we understand it, in memory or behind a port on loopback.
 * A product feature, the test double, and the written form of what we believe (docs/sandbox.md). It imports nothing
 * from the rest of the project, so that a wrong belief cannot be shared with the client it is used to test.
 */
export type { SandboxBehaviour } from './behaviour.ts';
export { type Listening, listen, type RequestLine } from './http/listen.ts';
export { openPersistentSandbox } from './persistence.ts';
export { createSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
export type { Fault, Operation, SandboxState } from './state.ts';
