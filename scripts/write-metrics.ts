/** `npm run metrics`: writes the table of docs/metrics.md from the metrics themselves; a test fails when it is stale. */
import { writeMetricsDocument } from '../test/daemon/metrics/metrics-document.ts';

await writeMetricsDocument();
