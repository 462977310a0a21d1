export { attacks } from './attacks/index.ts';
export { growthOf, measuredOf, problemsOf, slowdownOf, type Effect, type Measured } from './measured.ts';
export type { Attack, Target } from './target.ts';
