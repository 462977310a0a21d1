// Generated from schemas/ by tools/generate. Do not edit.

/** How severe an application failure is for whoever watches. A value this reader does not know is read as UNSPECIFIED. */
export type ApplicationErrorCategory = 'unspecified' | 'benign';
