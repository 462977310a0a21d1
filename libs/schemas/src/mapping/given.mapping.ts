import type { Link, Payload, Payloads, UserMetadata } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { isPresent, isSome, setPresent } from './set-present.ts';

/** What an activity was given, wherever it is written. */
export interface Given {
  readonly input: Payloads;
  readonly header: Readonly<Record<string, Payload>>;
  readonly userMetadata?: UserMetadata;
  readonly links?: readonly Link[];
}

type AvroGiven = Pick<avro.ActivityInput, 'input' | 'header' | 'userMetadata' | 'links'>;

export const givenToAvro = ({ input, header, userMetadata, links = [] }: Given): AvroGiven => ({
  input,
  header,
  userMetadata:
    userMetadata === undefined
      ? null
      : { summary: userMetadata.summary ?? null, details: userMetadata.details ?? null },
  links,
});

export function givenToDomain({ input, header, userMetadata, links }: AvroGiven): Given {
  const given: Given = { input, header };
  if (isPresent(userMetadata)) {
    const metadata: UserMetadata = {};
    setPresent(metadata, 'summary', userMetadata.summary);
    setPresent(metadata, 'details', userMetadata.details);
    setPresent(given, 'userMetadata', metadata);
  }
  if (isSome(links)) setPresent(given, 'links', links);
  return given;
}
