/** `npm run manifests`: writes what deploy/kustomize/ has from other files; a test fails when it is stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { prometheusRuleYaml } from '../test/deploy/prometheus-rule.ts';

const deploy = new URL('../deploy/', import.meta.url);
const alerts = readFileSync(new URL('prometheus/alerts.yaml', deploy), 'utf8');
writeFileSync(new URL('kustomize/components/monitoring/prometheus-rule.yaml', deploy), prometheusRuleYaml(alerts));
