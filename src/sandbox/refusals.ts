/** The documented error codes with their status (operational/errors). `INTERNAL` is our guess for a 5xx. */
const STATUS_OF = {
  IDEMPOTENCY_REQUIRED: 400,
  UNAUTHENTICATED: 401,
  BILLING_EXHAUSTED: 402,
  FORBIDDEN_SCOPE: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  IDEMPOTENCY_CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  VALIDATION: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  KILL_SWITCH: 503,
} as const;

export type ErrorCode = keyof typeof STATUS_OF;

export interface Refusal {
  readonly kind: 'refusal';
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

export function refusal(code: ErrorCode, message: string, details?: Readonly<Record<string, unknown>>): Refusal {
  return { kind: 'refusal', status: STATUS_OF[code], code, message, ...(details && { details }) };
}

export function validation(problems: readonly FieldProblem[]): Refusal {
  const sentences = problems.map(({ field, message }) => `${field}: ${message}`);
  return refusal('VALIDATION', sentences.join('; '), { fields: problems });
}

export function isRefusal(value: object): value is Refusal {
  return 'kind' in value && value.kind === 'refusal';
}

/** The error envelope (operational/errors). */
export function envelope(refused: Refusal, requestId: string): unknown {
  const { code, message, details } = refused;
  return { error: { code, message, requestId, ...(details && { details }) } };
}
