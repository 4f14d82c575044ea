/**
 * Which of several replicas works. It saves requests; it is not what keeps money safe: of two that both believe to lead,
 * the later one finds every slot taken (design 10, invariant I1).
 */
export interface Leadership {
  /** Waits until this process leads; false when the signal came first. May be called once. */
  acquire(signal: AbortSignal): Promise<boolean>;
  /** Aborted when another one may lead from now on: the process has to end at once. Never after {@link release}. */
  readonly lost: AbortSignal;
  /** Lets the next one lead without a wait. To be called when no write is in flight any more; harmless for who does not lead. */
  release(): Promise<void>;
}
