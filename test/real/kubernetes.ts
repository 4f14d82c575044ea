/**
 * `npx tsx test/real/kubernetes.ts`: gets the real parts that are missing. With `--check` it only looks: exit code 0 when
 * the API server and etcd are there. Silent about what is there, loud about what is not tested.
 */
import { apiServer, etcd, parts } from './parts.ts';
import { provide } from './provide.ts';

const isCheck = process.argv.includes('--check');
const there = new Map(parts.map((part) => [part, provide(part, isCheck)]));
process.exitCode = there.get(apiServer) && there.get(etcd) ? 0 : 1;
