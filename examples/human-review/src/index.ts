export { showBothWays, type HumanReview } from './human-review.ts';
