import { Ajv2020 } from 'ajv/dist/2020.js';
import { outputJsonSchema } from '../../../src/cli/render/output-schema.ts';

/** Whether a value is one of the documents that `reconcile schema output` describes. */
export const isDocument = new Ajv2020({ strict: true }).compile(outputJsonSchema());
