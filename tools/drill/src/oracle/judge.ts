import type { Noted } from '../journal.ts';
import type { LogFacts } from './facts.ts';
import { rules, type ExpectedOutcomes } from './rules.ts';
import { storiesOf, type Story } from './story.ts';

/** Something that Ratchet promises not to do, and what is known of the activity it was done to. */
export interface Violation {
  readonly rule: keyof typeof rules | 'dead-letter';
  readonly id: string;
  readonly why: string;
  readonly story: Story | undefined;
}

/** How many activities were judged, and what is wrong with them. */
export interface Judgement {
  readonly acceptedCount: number;
  /** Those whose start nobody knows to be accepted, and that the topics know. */
  readonly unansweredCount: number;
  readonly violations: readonly Violation[];
}

/** Every activity of a drill was asked for by one of its clients; what others do on the same broker is none of its matter. */
const isAsked = (story: Story): boolean => story.noted('asked').length > 0;

/**
 * Holds what clients and workers noted and what the topics say against the promises.
 *
 * Asks nothing of Ratchet itself: not its state, not its rules.
 */
export function judge(notes: readonly Noted[], log: LogFacts, expected: ExpectedOutcomes): Judgement {
  const stories = storiesOf(notes, log.facts).filter(isAsked);
  return {
    acceptedCount: stories.filter(({ isAccepted }) => isAccepted).length,
    unansweredCount: stories.filter(({ isAccepted, lives }) => !isAccepted && lives.size > 0).length,
    violations: [
      ...stories.flatMap((story) => violationsOf(story, expected)),
      ...log.deadLetters.map(({ topic, key, reason }): Violation => {
        return { rule: 'dead-letter', id: key, why: `${topic}: ${reason}`, story: undefined };
      }),
    ],
  };
}

function violationsOf(story: Story, expected: ExpectedOutcomes): readonly Violation[] {
  return Object.entries(rules).flatMap(([rule, check]) => {
    const why = check(story, expected);
    return why === undefined ? [] : [{ rule: rule as keyof typeof rules, id: story.id, why, story }];
  });
}
