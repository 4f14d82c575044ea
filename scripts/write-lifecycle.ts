/** `npm run lifecycle`: writes the tables of docs/lifecycle.md from the walks; a test fails when they are stale. */
import { writeLifecycleDocument } from '../test/walks/lifecycle-document.ts';

writeLifecycleDocument();
