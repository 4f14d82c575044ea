/** The alerts of deploy/prometheus/alerts.yaml as an object of the Prometheus Operator, comments and all. */
export function prometheusRuleYaml(alerts: string): string {
  const groups = alerts.slice(alerts.search(/^groups:/m));
  return `# Made from deploy/prometheus/alerts.yaml by \`npm run manifests\`: edit that file, or patch this object in an overlay.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: layers-reconciler
  namespace: layers-reconciler
  labels:
    app.kubernetes.io/name: layers-reconciler
spec:
${groups.replace(/^(?=.)/gm, '  ')}`;
}
