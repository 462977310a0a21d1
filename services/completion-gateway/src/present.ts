type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is `undefined`. */
export const present = <T extends object>(object: T): Present<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Present<T>;
