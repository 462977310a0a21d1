import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

// Plants the bug that RATCHET_MUTANT names in a source as it is loaded; the file itself stays as it is.

const { path, text, replacement } = JSON.parse(process.env.RATCHET_MUTANT ?? '{}');
const planted = pathToFileURL(path).href;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== planted) return loaded;
    return { ...loaded, source: String(loaded.source).replace(text, () => replacement) };
  },
});
