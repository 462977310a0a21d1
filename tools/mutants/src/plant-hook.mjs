import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { plant } from './mutant.ts';

// Plants the bug that RATCHET_MUTANT names in a source as it is loaded; the file itself stays as it is.

const { path, ...mutant } = JSON.parse(process.env.RATCHET_MUTANT);
const planted = pathToFileURL(path).href;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    return url === planted ? { ...loaded, source: plant(mutant, String(loaded.source)) } : loaded;
  },
});
